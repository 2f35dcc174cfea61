"""Folders that the system itself closes to us: nothing is computed, and nothing is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from fastism import api, data
from fastism.cli import main

NOBODY = 65534


@pytest.fixture
def closed() -> Iterator[Path]:
    """A plan, sequences and a folder without the right to write, where all may read."""
    place = Path(mkdtemp(prefix="fastism-closed-"))
    api.compile(data.path("demo.h5"), sites=[3], backend="reference").save(place / "plan")
    shutil.copy(data.path("demo.fa"), place / "x.fa")
    (place / "closed").mkdir()
    for path in (place, *place.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield place
    for path in (place, *place.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(place)


@contextmanager
def without_rights() -> Iterator[None]:
    """In it this process is nobody's, if it was root's, whom no folder is closed to."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "run {0}/plan -s {0}/x.fa -o {0}/closed/s.h5",
        "run {0}/plan -s {0}/x.fa -o modisco:{0}/closed/m",
        "run {0}/plan -s {0}/x.fa -o {0}/closed/s.h5 --resume",
        "run {0}/plan -s {0}/x.fa -o {0}/closed/s.h5 --force --shard 1/2",
    ],
)
def test_a_folder_without_the_right_to_write(
    closed: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = line.format(closed).split()
    assert main([*words, "--dry-run", "-bs", "0"]) == 2  # all that this reads is imported
    assert main(["run", str(closed / "plan"), "-s", str(closed / "x.fa"), "-o", "no/x.h5"]) == 2
    capsys.readouterr()
    with without_rights():
        code = main(words)
    out, err = capsys.readouterr()
    target = words[5].removeprefix("modisco:")
    assert (code, out) == (2, "")
    assert err == (
        f"fastism: {target} cannot be written\n  why: no right to write into {closed}/closed\n"
    )
    assert not list((closed / "closed").iterdir())
