"""A run on the workers of this machine, beside the same run in one process.

    python -m benchmarks.cluster speed            # 2 workers, and 1, beside one process; minutes
    python -m benchmarks.cluster equal            # 4 workers of one thread: the same files?
    python -m benchmarks.cluster equal --sequences 20 --workers 2       # does it run?

Speed is what a run takes from its first shard on: what each way takes before (processes that start,
plans that load) stands beside it. CPU seconds hold on a busy machine as well, where wall seconds do
not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil

import fastism
from benchmarks.machine import describe
from benchmarks.models import build
from fastism.cli import main as command
from fastism.io.scores import read_scores
from fastism.runtime.tune import tune

ONE_THREAD = {
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
"""A process that computes as a worker of one thread does."""
OUTPUTS = ("s.h5", "t.bw", "m.modisco")


@dataclass
class Taken:
    """Wall and CPU seconds of the shards of a run, and wall seconds of all else."""

    shards: float = 0.0
    cpu: float = 0.0
    others: float = 0.0


def cpu_seconds() -> float:
    """What this process and those under it have taken; of the living ones."""
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


@contextmanager
def watched(taken: Taken) -> Iterator[None]:
    """In it, the computing part of ``fastism run`` is timed."""
    run = import_module("fastism.cli.run")  # the package has the verb by this name
    names = ("score_missing", "score_missing_by")
    before = {name: getattr(run, name) for name in names}

    def timing(score: Callable[..., object]) -> Callable[..., object]:
        def timed(*arguments: Any) -> None:
            cpu, wall = cpu_seconds(), time.perf_counter()
            score(*arguments)
            taken.cpu, taken.shards = cpu_seconds() - cpu, time.perf_counter() - wall

        return timed

    for name in names:
        setattr(run, name, timing(before[name]))
    begin = time.perf_counter()
    try:
        yield
    finally:
        taken.others = time.perf_counter() - begin - taken.shards
        for name in names:
            setattr(run, name, before[name])


def given(folder: Path, length: int, sequences: int, backend: str) -> list[str]:
    """A plan, a genome and regions of it in a folder; the command of a run, without its outputs."""
    plan, _ = tune(fastism.compile(build("basset", length), backend=backend), seconds=10.0)
    plan.save(folder / "plan")
    letters = np.random.default_rng(0).choice(list("ACGT"), (sequences, length))
    (folder / "g.fa").write_text(">chr1\n" + "".join(f"{''.join(row)}\n" for row in letters))
    starts = range(0, sequences * length, length)
    (folder / "p.bed").write_text("".join(f"chr1\t{at}\t{at + length}\n" for at in starts))
    memory = "1G"  # the same for all: it decides which sums are made together
    return ["--quiet", "run", "plan", "-g", "g.fa", "-r", "p.bed", "-bs", "16", "--memory", memory]


def speed(line: Sequence[str], sequences: int) -> None:
    """The table of how fast each way is."""
    print("| how | before and after | shards | CPU | sequences a second | of one process |")
    print("| --- | --- | --- | --- | --- | --- |")
    alone = 0.0
    for how in ([], ["--workers", "2"], ["--workers", "1"]):
        taken = Taken()
        with watched(taken):
            assert command([*line, "-o", "s.h5", "--force", *how]) == 0
        rate = sequences / taken.shards
        alone = alone or rate
        name = " ".join(how) or f"one process, {os.cpu_count()} threads"
        print(
            f"| {name} | {taken.others:.1f} s | {taken.shards:.1f} s | {taken.cpu:.1f} s | "
            f"{rate:.2f} | {rate / alone:.2f} |",
            flush=True,
        )


def equal(line: Sequence[str], workers: int) -> None:
    """Whether workers of one thread write the files of one process of one thread."""
    whole = [*line, *(word for name in OUTPUTS for word in ("-o", name)), "--force"]
    process = [sys.executable, "-m", "fastism", *whole]
    subprocess.run(process, env={**os.environ, **ONE_THREAD}, check=True)
    expected = _contents()
    assert command([*whole, "--workers", str(workers)]) == 0
    for name, content in _contents().items():
        same = "the same bytes" if content == expected[name] else "OTHER BYTES"
        print(f"{workers} workers of one thread, {name}: {same}")
    _two_kinds(line)


def _contents() -> dict[str, bytes]:
    files = (Path(name) for name in OUTPUTS)
    every = (path for name in files for path in ([name] if name.is_file() else name.iterdir()))
    return {str(path): path.read_bytes() for path in every if "json" not in path.name}


def _two_kinds(line: Sequence[str]) -> None:
    """Native code on one worker and TensorFlow on the other, as CPUs of two kinds would differ."""
    from distributed import Client, LocalCluster

    (expected,) = read_scores("s.h5").alternate.values()
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        with Client(cluster) as client:
            first, second = client.scheduler_info()["workers"]
            client.run(use_backend, "native", workers=[first])
            client.run(use_backend, "tensorflow", workers=[second])
        where = ["--cluster", cluster.scheduler_address]
        assert command([*line, "-o", "s.h5", "--force", *where]) == 0
    (found,) = read_scores("s.h5").alternate.values()
    apart = np.abs(found - expected).max() / np.abs(expected).max()
    other = (found != expected).any(axis=(1, 2, 3)).sum()
    print(
        f"native and TensorFlow on a worker each: {apart:.1e} of the largest score apart; "
        f"{other} of {len(found)} sequences differ in any bit"
    )


def use_backend(name: str) -> None:
    """In this process, plans that are loaded run by another backend."""
    from fastism import api

    load = api.load

    def loaded(*arguments: Any, **options: Any) -> Any:
        plan = load(*arguments, **options)
        return api.from_module(plan.stages[0], plan=plan, backend=name)

    api.load = loaded


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["speed", "equal"])
    parser.add_argument("--sequences", type=int, default=400)
    parser.add_argument("--length", type=int)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--backend", default="tensorflow")
    chosen = parser.parse_args(arguments)
    length = chosen.length or {"speed": 500, "equal": 100}[chosen.what]
    with TemporaryDirectory(prefix="fastism-bench-") as folder:
        os.chdir(folder)
        line = given(Path(folder), length, chosen.sequences, chosen.backend)
        print(describe().replace("\n", "; "))
        print(f"Basset, {length} bases, {chosen.backend}, {chosen.sequences} sequences", flush=True)
        if chosen.what == "speed":
            speed(line, chosen.sequences)
        else:
            equal(line, chosen.workers)
        os.chdir("/")


if __name__ == "__main__":
    main()
