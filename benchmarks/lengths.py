"""How time grows with the length of the sequences: two fitted exponents and a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.report import Measured

GOAL = 1.15
"""The exponent that the plan's time must stay under; the model's grows with the square."""

NAMES = {"model": "the model on every mutant", "plan": "fastism"}


def exponents(measured: Sequence[Measured]) -> dict[str, float]:
    """The slope of log seconds over log length of each way, by least squares."""
    return {
        name: float(np.polyfit(*np.log(_points(measured, name)), 1)[0])
        for name in NAMES
        if len(_points(measured, name)[0]) > 1
    }


def describe(measured: Sequence[Measured], plot: Path) -> str:
    """Text for the page; draws the plot beside it."""
    measured = sorted(measured, key=lambda each: each.row.length)
    found = exponents(measured)
    if "plan" not in found:
        return "Not measured: fewer than two lengths ran."
    draw(measured, found, plot)
    lengths = f"{measured[0].row.length:,} to {measured[-1].row.length:,}"
    lines = [f"- {NAMES[name]}: time grows as length^{slope:.2f}" for name, slope in found.items()]
    verdict = "reached" if found["plan"] <= GOAL else "missed"
    return "\n".join(
        [
            f"Basset at lengths {lengths}, {measured[0].row.batch} sequences at once, every site:",
            "",
            *lines,
            f"- to reach: at most length^{GOAL} for fastism; {verdict}",
            "",
            f"![time against length]({plot.name})",
        ]
    )


def draw(measured: Sequence[Measured], slopes: dict[str, float], path: Path) -> None:
    """Seconds a sequence against length, both on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for name, slope in slopes.items():
        lengths, seconds = _points(measured, name)
        axes.loglog(lengths, seconds, "o-", label=f"{NAMES[name]}: length^{slope:.2f}")
    axes.set_xticks(lengths, [f"{int(length):,}" for length in lengths])
    axes.minorticks_off()
    axes.set_xlabel("bases")
    axes.set_ylabel("seconds a sequence, three alternates")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)


def _points(measured: Sequence[Measured], name: str) -> tuple[list[float], list[float]]:
    known = [each for each in measured if name in each.seconds]
    return [float(each.row.length) for each in known], [each.seconds[name] for each in known]
