"""How long does saturation mutagenesis take, compiled and by calling the model on every mutant?

    python -m benchmarks.compare --model basset bpnet --batch 32 1 --length 1000

Seconds per sequence for the three other bases at every position: medians of warm runs, in one
process. Calling the model is timed on ``--mutants`` of the mutants and scaled to all of them,
which the table says. The same mutants check the compiled answer. Writes benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import fastism
from benchmarks.machine import describe
from benchmarks.models import ARCHITECTURES, build
from fastism.runtime.baseline import (
    WAYS,
    FloatArray,
    best_batch,
    by_function,
    median_seconds,
    mutants,
    mutations,
    sample,
)
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

MODEL_BATCHES = (32, 128, 512)
"""Batch sizes tried for calling the model; the best one counts."""

HEADER = """\
| model | length | sequences at once | predict | tf.function | fastism | over predict | \
over tf.function | largest difference |
|---|---|---|---|---|---|---|---|---|"""


@dataclass(frozen=True)
class Row:
    """One model at one number of sequences at once; seconds are per sequence."""

    model: str
    length: int
    batch: int
    by_way: dict[str, float]
    fastism: float
    difference: float

    def __str__(self) -> str:
        seconds = [f"{self.by_way[way]:.2f} s" for way in WAYS] + [f"{self.fastism:.3f} s"]
        ratios = [f"{self.by_way[way] / self.fastism:.1f}x" for way in WAYS]
        cells = [self.model, str(self.length), str(self.batch), *seconds, *ratios]
        return "| " + " | ".join([*cells, f"{self.difference:.1e}"]) + " |"


def sequences(count: int, length: int, seed: int = 3) -> FloatArray:
    """Random one-hot sequences (count, length, 4)."""
    bases = np.random.default_rng(seed).integers(0, 4, (count, length))
    return np.eye(4, dtype=np.float32)[bases]


def largest_difference(model: keras.Model, plan: Plan, x: FloatArray, items: Items) -> float:
    """Between the plan and the model over some items, relative to the largest effect there."""
    found = plan.score_items(x, items.sequence, items.site, items.alternative)
    expected = by_function(model, 128)(mutants(x, items))
    reference = by_function(model, 128)(x)
    worst = 0.0
    for head, original, output in zip(found.values(), reference, expected, strict=True):
        effect = np.abs(output - original[items.sequence]).max()
        worst = max(worst, float(np.abs(head - output).max() / effect))
    return worst


def measure(name: str, length: int, batches: Sequence[int], subset: int, repeats: int) -> list[Row]:
    """The rows of one model: a number of sequences at once each, all timed in turns."""
    model = build(name, length)
    x = sequences(max(batches), length)
    items = sample(mutations(x), subset)
    changed = mutants(x, items)
    runs: dict[str, Callable[[], object]] = {}
    for way, make in WAYS.items():
        batch = best_batch(model, way, changed, MODEL_BATCHES)
        print(f"{name} by {way}: fastest in batches of {batch}", flush=True)
        runs[way] = partial(make(model, batch), changed)
    plan = fastism.compile(model)
    for count in batches:
        runs[f"fastism {count}"] = partial(plan, x[:count])
    medians = median_seconds(runs, repeats)
    by_way = {way: medians[way] / len(items) * length * 3 for way in WAYS}
    difference = largest_difference(model, plan, x, items)
    return [
        Row(name, length, count, by_way, medians[f"fastism {count}"] / count, difference)
        for count in batches
    ]


def report(rows: Sequence[Row], subset: int, repeats: int) -> str:
    """The page benchmarks/RESULTS.md."""
    table = "\n".join([HEADER, *map(str, rows)])
    return f"""\
# Results

{describe()}

Seconds per sequence for the three other bases at every position, medians of {repeats} warm runs in
one process, in turns (`python -m benchmarks.compare`). Calling the model, by `predict` or one
`tf.function`, was timed on {subset:,} of the mutants at the best batch size of {MODEL_BATCHES} and
scaled to all of them. The largest difference is over the same mutants, relative to the largest
effect of any of them.

{table}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", choices=ARCHITECTURES, default=["basset"])
    parser.add_argument("--batch", nargs="+", type=int, default=[32, 1], help="sequences at once")
    parser.add_argument("--length", type=int, help="bases (default: the published length)")
    parser.add_argument("--mutants", type=int, default=1024, help="how many to call the model on")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.model:
        length = options.length or ARCHITECTURES[name].length
        rows += measure(name, length, options.batch, options.mutants, options.repeats)
    page = report(rows, options.mutants, options.repeats)
    options.output.write_text(page)
    print("\n" + page)


if __name__ == "__main__":
    main()
