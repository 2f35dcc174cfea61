"""One cell: the tuned plan, loaded from its folder by a new process, scores the row's sequences.

    python -m benchmarks.measure_saved task.json answer.json

How long a user waits for the first sequence, TensorFlow's import included, and the memory that
scoring takes where nothing was compiled or tuned before.
"""

from __future__ import annotations

import time

START = time.perf_counter()

# ruff: noqa: E402  (the clock runs while these are imported)
import json
import sys
from pathlib import Path

import fastism
from benchmarks.machine import peak_memory
from benchmarks.rows import Task
from benchmarks.subject import sequences


def measure(task: Task) -> dict[str, object]:
    """Seconds until the first sequence is scored, and the peak over all of them in bytes."""
    x = sequences(task.row)
    plan = fastism.load(task.folder / "plan")
    plan(x[:1])
    first = time.perf_counter() - START
    plan(x)
    return {"first_seconds": first, "peak_bytes": peak_memory()}


def main() -> None:
    task, answer = Task.load(sys.argv[1]), Path(sys.argv[2])
    answer.write_text(json.dumps(measure(task)))


if __name__ == "__main__":
    main()
