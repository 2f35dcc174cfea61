"""Hold plans of random models against the models: ``python -m fastism.testing.fuzz N [START]``.

Prints, for every failure, the seed, the smallest model with a part of its steps that still fails,
and the error; at the end the counts, and how local the models were. The exit code is 1 if any
failed. Seeds run in processes of their own, so one that brings its process down is a failure too.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import subprocess
import sys
import threading
import traceback
import warnings
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastism.testing.trial import Recipe

BATCH = 50
"""Seeds a process runs: TensorFlow keeps some memory of every model."""
PATIENCE = 1200
"""Seconds after which a seed that has not come to an end is given up."""


def told(seed: int) -> dict[str, Any]:
    """What is to be told of a seed: ``on_windows`` and ``reached``, or the ``error``."""
    from fastism.testing.shrink import smallest
    from fastism.testing.trial import Recipe, trial

    def failure(recipe: Recipe) -> Exception | None:
        try:
            trial(recipe)
        except Exception as error:  # a fuzzer reports whatever comes
            return error
        return None

    try:
        found = trial(Recipe(seed))
    except Exception as error:
        recipe, last = smallest(Recipe(seed), error, failure)
        return {"seed": seed, "error": _report(recipe, last)}
    return {"seed": seed, "on_windows": found.on_windows, "reached": found.reached}


def _run(seeds: range) -> None:
    """Try seeds in this process, and print a line of JSON for each."""
    warnings.simplefilter("ignore")  # Keras says so where a layer drops a mask
    for seed in seeds:
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        print(json.dumps(told(seed)), flush=True)
        faulthandler.cancel_dump_traceback_later()


def _report(recipe: Recipe, error: Exception) -> str:
    from fastism.testing.shrink import listing

    try:
        lines = listing(recipe.draw())
    except Exception:
        lines = ["(it cannot be drawn)"]
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}"
    return "\n".join([str(recipe), *(f"    {line}" for line in lines), f"{where}: {error}"])


@dataclass
class Tally:
    """Counts over all processes."""

    tried: int = 0
    failed: list[int] = field(default_factory=list)
    on_windows: int = 0
    reached: int = 0
    nowhere: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, told: dict[str, Any]) -> None:
        """Count what is told of one seed, and print it if it failed."""
        with self.lock:
            self.tried += 1
            self.on_windows += told.get("on_windows", 0)
            self.reached += told.get("reached", 0)
            self.nowhere += not told.get("on_windows", 1)
            if "error" in told:
                self.failed.append(told["seed"])
                print(f"\nseed {told['seed']}: {told['error']}\n", flush=True)
            if self.tried % 25 == 0:
                print(self, flush=True)

    def __str__(self) -> str:
        share = self.on_windows / max(self.reached, 1)
        return (
            f"{self.tried - len(self.failed)} of {self.tried} models agree; {share:.0%} of the "
            f"nodes an edit reaches ran on windows, in {self.nowhere} models none"
        )


def _work(batches: SimpleQueue[range], tally: Tally) -> None:
    """Run batches in processes, one after the other; go on behind a seed that ends its process."""
    while True:
        try:
            seeds = batches.get_nowait()
        except Empty:
            return
        while seeds:
            command = [
                sys.executable,
                "-m",
                "fastism.testing.fuzz",
                str(len(seeds)),
                str(seeds.start),
            ]
            process = subprocess.Popen(
                [*command, "--here"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            said: list[str] = []
            listener = threading.Thread(target=lambda p=process, s=said: s.extend(p.stderr))
            listener.start()
            assert process.stdout is not None
            for line in process.stdout:
                tally.add(json.loads(line))
                seeds = seeds[1:]
            process.wait()
            listener.join()
            if seeds:
                error = f"the process ended with {process.returncode}\n{''.join(said[-30:])}"
                tally.add({"seed": seeds.start, "error": error})
                seeds = seeds[1:]


def main(arguments: list[str] | None = None) -> int:
    """Run the seeds START to START + N; returns how the process should exit."""
    parser = argparse.ArgumentParser(prog="python -m fastism.testing.fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="how many models")
    parser.add_argument("start", type=int, nargs="?", default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2, help="how many at a time")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    seeds = range(given.start, given.start + given.count)
    if given.here:
        _run(seeds)
        return 0
    tally, batches = Tally(), SimpleQueue[range]()
    for first in range(0, len(seeds), BATCH):
        batches.put(seeds[first : first + BATCH])
    work = partial(_work, batches, tally)
    threads = [threading.Thread(target=work) for _ in range(given.processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(tally, *(["failed:", *sorted(tally.failed)] if tally.failed else []))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
