"""What was measured as the page RESULTS.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from benchmarks.rows import Row

Cell = Mapping[str, Any] | str | None
"""What a process answered, why it did not, or None where it was not asked."""

ALTERNATES = 3

CLOSE = 0.9
"""Two times of which the shorter is more than this share of the longer are alike."""

COLUMNS = (
    "row",
    "model",
    "length",
    "batch",
    "sites",
    "model on every mutant",
    "fastISM 0.5.1",
    "yuzu-ism 0.0.1",
    "fastism",
    "over the model",
    "over fastISM 0.5.1",
    "over yuzu",
    "efficiency",
    "multiply-adds an item",
    "predicted an item",
    "taken an item",
    "GFLOP/s",
    "share of the product",
    "zeros left out",
    "peak memory, scoring",
    "peak memory, compiling too",
    "compile and tune",
    "load and score one",
    "largest difference",
    "of the largest effect",
)


@dataclass(frozen=True)
class Measured:
    """One row: the plan, the same loaded anew, the model on every mutant, and the peers."""

    row: Row
    plan: Cell
    saved: Cell = None
    model: Cell = None
    fastism: Cell = None
    yuzu: Cell = None

    @property
    def best_way(self) -> tuple[str, Mapping[str, Any]] | None:
        """The fastest way to call the model."""
        if not isinstance(self.model, Mapping):
            return None
        return min(self.model.items(), key=lambda entry: entry[1]["seconds_a_mutant"])

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds a sequence of each way that was measured."""
        found = {}
        for name in ("plan", "fastism", "yuzu"):
            cell = getattr(self, name)
            if isinstance(cell, Mapping):
                found[name] = float(cell["seconds"])
        if self.best_way is not None:
            mutants = ALTERNATES * len(self.row.positions)
            found["model"] = self.best_way[1]["seconds_a_mutant"] * mutants
        return found

    def ratio(self, other: str) -> float | None:
        """How many times faster than another way the plan is."""
        seconds = self.seconds
        return seconds[other] / seconds["plan"] if {other, "plan"} <= set(seconds) else None

    @property
    def efficiency(self) -> float | None:
        """How many times faster than the model, over how many times fewer multiply-adds."""
        ratio = self.ratio("model")
        if ratio is None or not isinstance(self.plan, Mapping):
            return None
        return float(ratio * self.plan["macs"] / self.plan["whole_macs"])

    @property
    def item_seconds(self) -> tuple[float, float] | None:
        """Seconds an item: by the cost model, and as taken."""
        if not isinstance(self.plan, Mapping):
            return None
        items = ALTERNATES * len(self.row.positions)
        return float(self.plan["predicted_seconds"]), self.seconds["plan"] / items

    @property
    def share(self) -> float | None:
        """GFLOP/s over those of the matrix product."""
        if not isinstance(self.plan, Mapping):
            return None
        return float(self.plan["gflops"] / self.plan["product_gflops"])


def page(measured: Sequence[Measured], machine: str, repeats: int, scaling: str) -> str:
    """The whole page; ``scaling`` says how time grows with length."""
    table = [COLUMNS, ("---",) * len(COLUMNS), *map(_cells, measured)]
    goals = [
        ("row", "figure", "to reach", "measured", ""),
        ("---",) * 5,
        *(line for each in measured for line in _goals(each)),
        *_order(measured),
    ]
    parts = [
        "# Results",
        machine,
        _HOW.format(repeats=repeats),
        _markdown(table),
        *_notes(measured),
        "## Figures to reach",
        _markdown(goals),
    ]
    return (
        "\n\n".join([*parts, *([f"## Time against length\n\n{scaling}"] if scaling else [])]) + "\n"
    )


_HOW = """\
Seconds a sequence for the three other bases at every site; medians of {repeats} warm runs, each
column in a process of its own, all in one run of `make bench` on this machine.

- *model on every mutant*: the fastest of `predict`, one `tf.function` and onnxruntime, at its best
  batch size, timed on so many mutants and scaled to all of them.
- *fastISM 0.5.1*: with TensorFlow 2.15, the same weights, one call for each of the four bases; it
  loops over positions, was timed on so many of them and scaled; its scores were held against ours.
- *yuzu-ism 0.0.1*: with torch, the same weights; its precomputation is timed apart.
  `torch.linalg.inv` on a batch fails on some CPU builds and is numpy's there; only the
  precomputation uses it.
- *fastism*: this project, as `fastism.compile(model)` gives it: each graph by TensorFlow or by
  native code, whichever was faster when timed. NATIVE.md has native code by itself, with AVX-512
  and with AVX2. *Efficiency* is how many times faster than the model it is, over how many times
  fewer multiply-adds it needs: above 1 where products run nearer the machine's peak than the
  model's, or those with zero are left out. *Multiply-adds an item* are those of the deltas
  alone, averaged over the sites; *GFLOP/s* count two for each; the *share* is of a product of two
  f32 matrices of 2,048 rows and columns, timed in turns with the plan; it counts all multiply-adds
  needed. *Zeros left out* is the share of these that are with an exact zero and were not done, at
  sites in the middle. *Predicted* is by the cost model. *Peak memory* is that
  of a process that loads the plan and scores, and of the one that compiled, tuned and scored; both
  hold TensorFlow, and both times its import.
- *largest difference*: between the plan and the model, both ends and a sample of the sites, every
  base, as a share of the output's scale; every plan timed here passed it. *Of the largest effect*:
  the same over mutants of the sequences that were timed, as a share of what a mutation can do."""


def _cells(each: Measured) -> Sequence[str]:
    row, plan = each.row, each.plan
    sites = "all" if row.sites is None else f"{row.sites} {'central' if row.central else 'spread'}"
    first = (row.name, row.model, f"{row.length:,}", str(row.batch), sites)
    seconds = tuple(_seconds(each, name) for name in ("model", "fastism", "yuzu", "plan"))
    ratios = tuple(_times(each.ratio(name)) for name in ("model", "fastism", "yuzu"))
    if not isinstance(plan, Mapping) or each.share is None or each.item_seconds is None:
        return (*first, *seconds, *ratios, *("-",) * 13)
    return (
        *first,
        *seconds,
        *ratios,
        "-" if each.efficiency is None else f"{each.efficiency:.2f}",
        f"{plan['macs'] / 1e6:.2f} M",
        *(f"{spent * 1e6:.3g} us" for spent in each.item_seconds),
        f"{plan['gflops']:.0f}",
        _percent(each.share),
        _percent(plan["left_out"]),
        _found(each.saved, "peak_bytes", _gigabytes),
        _gigabytes(plan["peak_bytes"]),
        _clock(plan["compile_seconds"]),
        _found(each.saved, "first_seconds", _clock),
        f"{plan['difference']:.1e}",
        f"{plan['effect_difference']:.1e}",
    )


def _seconds(each: Measured, name: str) -> str:
    cell = getattr(each, name)
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return f"not measured: {cell.replace('|', '/')}"
    text = f"{each.seconds[name]:.3g} s"
    if name == "model" and each.best_way is not None:
        way, found = each.best_way
        return f"{text} ({way}, {found['mutants']} mutants)"
    return f"{text} ({cell['positions']} positions)" if name == "fastism" else text


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1f}x"


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.2f} GB"


def _clock(seconds: float) -> str:
    return f"{seconds:.1f} s"


def _found(cell: Cell, key: str, show: Callable[[float], str]) -> str:
    """One number of a process's answer, or why there is none."""
    if cell is None:
        return "-"
    return f"not measured: {cell}" if isinstance(cell, str) else show(cell[key])


def _number(cell: Cell, key: str) -> float | None:
    return float(cell[key]) if isinstance(cell, Mapping) else None


def _goals(each: Measured) -> list[Sequence[str]]:
    goals = each.row.goals
    least = [
        ("over the model", goals.over_model, each.ratio("model"), _times),
        ("over fastISM 0.5.1", goals.over_fastism, each.ratio("fastism"), _times),
        ("over yuzu", goals.over_yuzu, each.ratio("yuzu"), _times),
        ("efficiency", goals.efficiency, each.efficiency, "{:.2f}".format),
        ("share of the product", goals.share, each.share, _percent),
    ]
    first, peak = _number(each.saved, "first_seconds"), _number(each.saved, "peak_bytes")
    most = [
        ("peak memory, scoring", goals.peak_bytes, peak, _gigabytes),
        ("compile and tune", goals.compile_seconds, _number(each.plan, "compile_seconds"), _clock),
        ("load and score one", goals.first_seconds, first, _clock),
    ]
    lines: list[Sequence[str]] = []
    for sign, figures in (("≥", least), ("≤", most)):
        for name, goal, found, show in figures:
            if goal is None:
                continue
            line = (each.row.name, name, f"{sign} {show(goal)}")
            if found is None:
                lines.append((*line, "-", "not measured"))
            else:
                reached = found >= goal if sign == "≥" else found <= goal
                lines.append((*line, show(found), "reached" if reached else "missed"))
    return lines


def _order(measured: Sequence[Measured]) -> list[Sequence[str]]:
    """Whether the cost model puts the rows in the order of the times they took.

    Rows whose times are within ``CLOSE`` of each other are not held against one another.
    """
    found = {each.row.name: each.item_seconds for each in measured if each.item_seconds}
    if len(found) < 2:
        return []
    wrong = [
        f"{quick} before {slow}"
        for (quick, (early, short)), (slow, (late, long)) in permutations(found.items(), 2)
        if short < CLOSE * long and early > late
    ]
    taken = sorted(found, key=lambda name: found[name][1])
    outcome = ("not " + "; not ".join(wrong), "missed") if wrong else ("as taken", "reached")
    return [("all rows", "order of predicted times", ", ".join(taken), *outcome)]


def _notes(measured: Sequence[Measured]) -> list[str]:
    notes = []
    for each in measured:
        if isinstance(each.yuzu, Mapping):
            seconds, peak = each.yuzu["precompute_seconds"], each.yuzu["peak_bytes"] / 1e9
            notes.append(
                f"yuzu, {each.row.name}: precomputation {seconds:.0f} s, once a model; "
                f"{peak:.1f} GB at its peak; {each.yuzu['batch']} sequences at a time."
            )
    return notes


def _markdown(table: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in table)
