"""Variants: substitutions spread over windows, beside the model on reference and alternate.

    python -m benchmarks.variants                      # writes benchmarks/VARIANTS.md
    python -m benchmarks.variants --small --output /tmp/variants.md   # does it run?

The model predicts a variant's window without it and with it, in full batches, by the fastest of
the ways that people call it, timed on some of the variants and scaled to all; the plan takes the
windows once and all variants in one call. The numbers of those that both predict are compared.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import fastism
from benchmarks.machine import describe
from benchmarks.measure_model import ways
from benchmarks.models import build
from benchmarks.processes import ROOT
from fastism.checking.baseline import FloatArray
from fastism.quiet import keras
from fastism.runtime.plan import Plan

BATCHES = (64, 256)
"""Sequences a call of the model."""
SAMPLE = 2048
"""Variants that the model is timed on."""
WINDOWS_AT_ONCE = 128
"""Windows whose activations the plan holds, as ``fastism variants`` does by default."""
GOAL, TOLERANCE = 8.0, 1e-5
"""Times faster than the model, at least; how far the numbers may be apart, at most."""


@dataclass(frozen=True, eq=False)
class Variants:
    """Substitutions of one to ``widest`` bases at random places of random windows."""

    windows: FloatArray
    sequence: np.ndarray
    position: np.ndarray
    rows: list[FloatArray]

    @classmethod
    def drawn(cls, length: int, windows: int, variants: int, widest: int) -> Variants:
        """As many in every window."""
        random, letters = np.random.default_rng(3), np.eye(4, dtype=np.float32)
        widths = random.integers(1, widest + 1, variants)
        return cls(
            letters[random.integers(0, 4, (windows, length))],
            np.arange(variants) % windows,
            random.integers(0, length - widths + 1),
            [letters[random.integers(0, 4, width)] for width in widths],
        )

    def both(self, first: int) -> tuple[FloatArray, FloatArray]:
        """The windows of the first variants without and with each, (first, L, 4) each."""
        before = self.windows[self.sequence[:first]]
        after = before.copy()
        for mutant, at, own in zip(after, self.position, self.rows, strict=False):
            mutant[at : at + len(own)] = own
        return before, after


def line(name: str, plan: Plan, model: keras.Model, given: Variants, repeats: int) -> str:
    """A row of the table."""

    def ours() -> list[FloatArray]:
        (found,) = plan.variants(
            given.windows,
            given.sequence,
            given.position,
            given.rows,
            batch_size=WINDOWS_AT_ONCE,
        ).values()
        return [found.reference, found.alternate]

    total = len(given.rows)
    both = given.both(min(SAMPLE, total))
    calls = {
        f"{way}, {batch} a batch": make(batch)
        for way, make in ways(model, plan).items()
        for batch in BATCHES
    }
    few = tuple(part[: max(BATCHES)] for part in both)
    first = {name: _seconds(partial(_both, call, few), 1)[0] for name, call in calls.items()}
    best = min(first, key=lambda name: first[name])
    taken, found = _seconds(ours, repeats)
    sampled, expected = _seconds(partial(_both, calls[best], both), 1, warm=True)
    wanted = sampled * total / len(both[0])
    apart = max(
        float(np.abs(one[: len(two)] - two).max()) for one, two in zip(found, expected, strict=True)
    )
    times = wanted / taken
    verdict = "reached" if times >= GOAL and apart <= TOLERANCE else "missed"
    cells = (
        name,
        f"{total:,} in {len(given.windows):,}",
        f"{wanted:.1f} s ({best})",
        f"{taken:.2f} s",
        f"{times:.1f}x",
        f"{apart:.1e}",
        f"≥ {GOAL:g}x, ≤ {TOLERANCE:g}: {verdict}",
    )
    return f"| {' | '.join(cells)} |"


def _both(call: Callable[..., list[FloatArray]], both: Sequence[FloatArray]) -> list[FloatArray]:
    return [call([part])[0] for part in both]


def _seconds(
    call: Callable[[], list[FloatArray]], repeats: int, *, warm: bool = False
) -> tuple[float, list[FloatArray]]:
    """The median of so many runs, after another one unless it is warm, and what it gives."""
    result, taken = [] if warm else call(), []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)), result


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="next to nothing to do")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "VARIANTS.md")
    chosen = parser.parse_args(arguments)
    windows, variants = (4, 64) if chosen.small else (1000, 10000)
    model = build("basset")
    plan = fastism.compile(model)
    rows = []
    for name, widest in (("single bases", 1), ("1 to 8 bases", 8)):
        given = Variants.drawn(1000, windows, variants, widest)
        rows.append(line(name, plan, model, given, repeats=3))
        print(rows[-1], flush=True)
    head = "variants | in windows | the model, without and with | fastism | faster | apart | goal"
    rule = " | ".join(["---"] * 7)
    text = "\n".join(
        [
            "# Variants",
            "",
            describe(),
            "",
            f"{__doc__.partition('The model predicts')[0].splitlines()[0]} A Basset-like model of "
            "1,000 bases; `python -m benchmarks.variants`, medians of 3 warm runs (the model: one "
            f"run of its fastest way on {SAMPLE:,} variants, scaled to all of them).",
            "",
            f"| {head} |",
            f"| {rule} |",
            *rows,
            "",
        ]
    )
    chosen.output.write_text(text)


if __name__ == "__main__":
    main()
