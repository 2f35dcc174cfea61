"""One cell: fastism, as `fastism.compile` gives it, checked against the model, and timed.

    python -m benchmarks.measure_plan task.json answer.json

The product of two large matrices is timed in turns with the plan, so that their ratio means
something on a busy machine too. Leaves the weights, the sequences and the scores in the row's
folder, for the peers to be held against.
"""

from __future__ import annotations

import time

START = time.perf_counter()

# ruff: noqa: E402  (the clock runs while these are imported)
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import fastism
from benchmarks.machine import describe, matrix_product, peak_memory, product_gflops
from benchmarks.models import save_weights
from benchmarks.rows import Task
from benchmarks.subject import model_of, sequences
from benchmarks.zeros import share_left_out
from fastism.checking.baseline import FloatArray, median_seconds
from fastism.checking.check import check_plan
from fastism.checking.model import predict
from fastism.checking.mutants import mutated, mutations, sample
from fastism.errors import MismatchError
from fastism.quiet import keras
from fastism.runtime.plan import Plan
from fastism.runtime.report import summary
from fastism.runtime.scores import HeadScores, Scores

ALTERNATES = 3

CHECKED, TOLERANCE = 32, 1e-2
"""Mutants of the timed sequences held against the model, and what they may differ by."""


def measure(task: Task) -> dict[str, object]:
    """Seconds a sequence, multiply-adds an item, the machine's product, and the check."""
    row = task.row
    model, x = model_of(row, task.kept), sequences(row)
    plan = fastism.compile(model, length=row.length, sites=row.positions, tune="again")
    compiled = time.perf_counter() - START
    plan.save(task.folder / "plan", force=True)
    last: list[Scores] = []

    def score() -> None:
        last.clear()  # before the next are made: two at a time would take twice the memory
        last.append(plan(x))

    seconds = median_seconds({"plan": score, "product": matrix_product()}, task.repeats)
    peak = peak_memory()  # before the check, which calls the model
    if row.has_peer:
        save_weights(model, task.folder / "weights.npz")
        hand_on(task, x, last[0])
    effect = share_of_effect(plan, model, x, last[0])
    report, cost = check_plan(plan, model), summary(plan.stages)
    items = row.batch * len(row.positions) * ALTERNATES
    return {
        "seconds": seconds["plan"] / row.batch,
        "macs": cost.total_item_macs,
        "whole_macs": cost.total_whole_macs,
        "predicted_seconds": cost.predicted_seconds,
        "left_out": share_left_out(plan, x),
        "gflops": 2 * cost.total_item_macs * items / seconds["plan"] / 1e9,
        "product_gflops": product_gflops(seconds["product"]),
        "peak_bytes": peak,
        "difference": report.largest_difference,
        "checked": report.items,
        "effect_difference": effect,
        "compile_seconds": compiled,
        "machine": describe(),
    }


def share_of_effect(plan: Plan, model: keras.Model, x: FloatArray, scores: Scores) -> float:
    """The largest difference from the model over ``CHECKED`` mutants of the timed sequences.

    As a share of the largest effect of any mutation on the same output: the check against the
    output's own scale says little where mutations hardly move it. Raises MismatchError above
    ``TOLERANCE``.
    """
    items = sample(mutations(x[:, plan.executor.starts]), CHECKED)
    inputs = {plan.module.seq_input: x}
    expected = predict(model, plan, mutated(plan, inputs, items), batch=8)
    shares = []
    for head, wanted in zip(scores.heads.values(), expected, strict=True):
        found = head.alternate[items.sequence, items.site, items.alternative]
        largest = max(np.abs(each - head.reference[:, None]).max() for each in _slabs(head))
        shares.append(float(np.abs(found - wanted).max() / largest))
    if not max(shares) <= TOLERANCE:  # NaN is a mismatch too
        raise MismatchError(f"the plan differs by {max(shares):.1e} of the largest effect")
    return max(shares)


def _slabs(head: HeadScores) -> Iterator[FloatArray]:
    """The scores (N, A, *out) of one site after the other: all at once would be copied whole."""
    return (head.alternate[:, site] for site in range(head.alternate.shape[1]))


def hand_on(task: Task, x: FloatArray, scores: Scores) -> None:
    """Write the sequences, and the scores at the positions that peers are timed on."""
    chosen = task.row.peer_sites
    arrays = {"x": x}
    for index, head in enumerate(scores.heads.values()):
        arrays[f"reference/{index}"] = head.reference
        arrays[f"alternate/{index}"] = head.alternate[:, chosen]
    np.savez(task.folder / "scores.npz", **arrays)


def main() -> None:
    task, answer = Task.load(sys.argv[1]), Path(sys.argv[2])
    answer.write_text(json.dumps(measure(task)))


if __name__ == "__main__":
    main()
