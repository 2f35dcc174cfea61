"""A small run in three formats, killed before each step it takes on disk, and gone on with.

    python -m tests.io.killed FOLDER STRIDE

Steps are what Python tells its auditors of: files opened, made, renamed and removed. The run is
killed before its first step, before the one a STRIDE after, and so on; each time the same run goes
on, and must leave, byte for byte, what a run that is left alone does. Says how often it was killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from fastism.io.kept import Record
from fastism.io.shards import Shards
from fastism.io.writers.base import Options
from fastism.io.writers.publish import Target, are_whole, claims, publish
from fastism.io.writers.registry import FORMATS
from tests.io.writers.small import HEADER, ONE, ROWS

STEPS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
RECORD = Record(identity={}, count=len(ROWS), batch=3, memory=1)


def run(folder: Path) -> None:
    """What ``fastism run --resume`` does, without a model."""
    targets = [
        Target(folder / "x.h5", FORMATS["h5"], Options()),
        Target(folder / "x.modisco", FORMATS["modisco"], ONE),
        Target(folder / "x.bw", FORMATS["bigwig"], ONE),
    ]
    first = targets[0].path
    Shards.clear_ended([target.path for target in targets])
    renaming = Shards.renaming(first)
    if not renaming and are_whole(targets, HEADER):
        return
    for target in targets:
        target.check(force=renaming)
    with claims([target.path for target in targets]) as folders:
        stopped = Shards.stopped(folders[0], first, RECORD.identity, resume=True, force=False)
        shards = stopped or Shards.begin(folders[0], RECORD)
        for start, stop in shards.missing():
            for begin in range(start, stop, RECORD.batch):
                shards.write(begin, HEADER, ROWS.part(begin, min(begin + RECORD.batch, stop)))
        begun, count = shards.begun, len(ROWS)
        publish(targets, folders, HEADER, shards.blocks(), count, force=renaming, begun=begun)
        shards.clear()


def child(run: Callable[[Path], object], folder: Path, kill_at: int | None) -> int:
    """Run in a process of its own, killed before a step if one is given; how it ended."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    steps = 0

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal steps
        if event in STEPS:
            if steps == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            steps += 1

    sys.addaudithook(audit)
    try:
        run(folder)
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def main(place: Path, stride: int, run: Callable[[Path], object]) -> None:
    """Kill and go on with runs in new folders of a place, and compare what they leave."""
    expected = place / "expected"
    expected.mkdir()
    assert child(run, expected, None) == 0
    whole = contents(expected)
    assert not [name for name in whole if "partial" in name]
    step = 0
    while True:
        folder = place / str(step)
        folder.mkdir()
        status = child(run, folder, step)
        if status == 0:
            break
        assert os.WIFSIGNALED(status), step
        assert child(run, folder, None) == 0, step
        assert contents(folder) == whole, step
        shutil.rmtree(folder)
        step += stride
    print(f"killed {step // stride} times, at steps 0 to {step - stride}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), run)
