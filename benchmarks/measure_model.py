"""One cell: the model called on every mutant, by the fastest of the ways people use.

    python -m benchmarks.measure_model task.json answer.json

Timed on some of the mutants, at the batch size that suits each way best.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

import fastism
from benchmarks.rows import Task
from benchmarks.subject import model_of, sequences
from fastism.backends.onnx.session import session
from fastism.checking.baseline import FloatArray, median_seconds
from fastism.checking.mutants import mutations, sample, written_letters
from fastism.errors import MismatchError
from fastism.export import source_model
from fastism.frontends.base import Call
from fastism.frontends.registry import front_end_of
from fastism.quiet import keras
from fastism.runtime.plan import Plan

TOLERANCE = 1e-4
"""How far the ways may be apart, as a share of the output's scale."""


def measure(task: Task) -> dict[str, object]:
    """Seconds a mutant of every way, and the batch size that was best for it."""
    row = task.row
    model, x = model_of(row, task.kept), sequences(row)
    changed = written_letters(x, sample(mutations(x), row.mutants))
    plan = fastism.compile(model, length=row.length, sites=row.positions, backend="tensorflow")
    calls = {
        (way, batch): make(batch)
        for way, make in ways(model, plan).items()
        for batch in row.model_batches
    }
    agree({way: call([changed[:4]]) for (way, _), call in calls.items()})
    portion = changed[: max(row.model_batches)]
    first = _seconds(calls, portion, repeats=1)
    best = {
        way: min((first[way, batch], batch) for w, batch in first if w == way)[1]
        for way, _ in first
    }
    chosen = {key: call for key, call in calls.items() if best[key[0]] == key[1]}
    return {
        way: {"seconds_a_mutant": seconds / len(changed), "batch": batch, "mutants": len(changed)}
        for (way, batch), seconds in _seconds(chosen, changed, task.repeats).items()
    }


def ways(model: keras.Model, plan: Plan) -> dict[str, Callable[[int], Call]]:
    """How the model may be called on mutants, given the batch size."""
    run = session(source_model(plan.stage["segmented"], plan.opaque))
    main = plan.stage["segmented"].main
    (name,), outputs = (value.name for value in main.inputs), main.outputs

    def by_onnxruntime(batch: int) -> Call:
        def call(given: Sequence[FloatArray]) -> list[FloatArray]:
            (x,) = given
            starts = range(0, len(x), batch)
            parts = [run({name: x[start : start + batch]}) for start in starts]
            return [np.concatenate([part[output] for part in parts]) for output in outputs]

        return call

    return {
        **{way: partial(make, model) for way, make in front_end_of(model).ways.items()},
        "onnxruntime": by_onnxruntime,
    }


def agree(outputs: dict[str, list[FloatArray]]) -> None:
    """Raise MismatchError unless every way gives the same outputs: none may save itself work."""
    first, *others = outputs.values()
    for other in others:
        for one, two in zip(first, other, strict=True):
            if not np.abs(one - two).max() <= TOLERANCE * np.abs(one).max():
                raise MismatchError(f"the ways to call the model differ: {', '.join(outputs)}")


def _seconds(
    calls: dict[tuple[str, int], Call], x: FloatArray, repeats: int
) -> dict[tuple[str, int], float]:
    return median_seconds({key: partial(call, [x]) for key, call in calls.items()}, repeats)


def main() -> None:
    task, answer = Task.load(sys.argv[1]), Path(sys.argv[2])
    answer.write_text(json.dumps(measure(task)))


if __name__ == "__main__":
    main()
