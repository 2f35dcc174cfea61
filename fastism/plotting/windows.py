"""A picture of one mutation spreading through a model: the change range of every layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise, product
from os import PathLike

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from fastism.ir import Interval, Module
from fastism.plotting.rows import Row, rows_of
from fastism.plotting.save import save

HEIGHT = 0.62
"""Height of a bar; rows are one apart."""

UNREAD, UNCHANGED, CHANGED = "#f1f2f4", "#d3d8df", "#2b2f36"
SEGMENTS = ("#0072b2", "#c25400", "#00835f", "#a8487f", "#8a6500")
"""Colours of segments, in turn: those of the page of a graph."""
_MODES = {"delta": "on windows", "exit": "leaves its window", "whole": "whole", "reference": "once"}
_LONGEST_LABEL = 34
_CHARACTER = 0.075
"""Inches that a character of a count takes."""
_SEAMS = 60
"""Seams that can be told apart in a bar."""


def plot_windows(module: Module, path: str | PathLike[str], site: int) -> None:
    """Draw the windows of a site, see `draw_windows`, and save the picture."""
    save(draw_windows(module, site), path)


def draw_windows(module: Module, site: int) -> Figure:
    """Draw the change ranges of one site through an annotated module.

    One row a layer, the input on top; x is the position in the input. What no output reads is
    pale. Layers that leave every position in its place (activations) have no row. Where the module
    has segments, each has a colour, and says how it runs and why locality ends there. Raises
    InputError if ``site`` is not the index of a site, VerifyError if the module has no ranges.
    """
    rows = rows_of(module, site)
    length = rows[0].positions
    figure = Figure(figsize=(10, 0.9 + 0.34 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for index, row in enumerate(rows):
        _draw_row(axes, row, index, length)
    for index, (upper, lower) in enumerate(pairwise(rows)):
        for first, second in product(upper.change, lower.change):
            above, below = upper.span(first, length), lower.span(second, length)
            y, left = (index + HEIGHT / 2, index + 1 - HEIGHT / 2), (above[0], below[0])
            axes.fill_betweenx(
                y, left, (above[1], below[1]), color=_color(lower), alpha=0.2, linewidth=0
            )
    _bracket_segments(axes, rows)
    edited = rows[0].change[0]
    where = f"base at {edited.start} is" if edited.width == 1 else f"bases at {edited} are"
    axes.set(xlim=(0, length), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel(f"position in the input; the {where} edited")
    axes.set_yticks(range(len(rows)), [_short(row.label) for row in rows])
    counts = axes.secondary_yaxis("right")
    counts.set_yticks(range(len(rows)), [row.count for row in rows])
    for side in (axes.tick_params, counts.tick_params):
        side(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    counts.spines["right"].set_visible(False)
    return figure


def _draw_row(axes: Axes, row: Row, index: int, length: int) -> None:
    everything = Interval(0, row.positions)
    color = _color(row)
    bars = [(everything, UNREAD), (row.need, UNCHANGED), *((i, color) for i in row.change)]
    for interval, fill in bars:
        if interval.width:
            left, right = row.span(interval, length)
            axes.barh(index, right - left, HEIGHT, left=left, color=fill, linewidth=0)
    if row.placement:
        # Seams between changed positions show that pooled ones are wide.
        inner = [p for i in row.change for p in range(i.start + 1, i.stop)]
        seams = [row.placement.span(Interval(p, p))[0] for p in inner]
        if len(seams) < _SEAMS:
            axes.vlines(seams, index - HEIGHT / 2, index + HEIGHT / 2, color="white", linewidth=0.6)
    if row.stop:
        said = f"locality ends: {row.stop}"
        axes.text(length / 2, index, said, color="white", fontsize=8, ha="center", va="center")


def _bracket_segments(axes: Axes, rows: Sequence[Row]) -> None:
    """Beside the rows of each segment, its number and how it runs."""
    inches = 0.25 + _CHARACTER * max(len(row.count) for row in rows)
    beside = ScaledTranslation(inches, 0, axes.figure.dpi_scale_trans)
    place = axes.get_yaxis_transform() + beside
    runs = groupby(enumerate(rows), key=lambda each: each[1].segment)
    for segment, run in runs:
        numbered = list(run)
        if segment is None:
            continue
        (first, row), (last, _) = numbered[0], numbered[-1]
        color = _color(row)
        ends = (first - HEIGHT / 2, last + HEIGHT / 2)
        axes.plot((1, 1), ends, color=color, linewidth=2, transform=place, clip_on=False)
        axes.text(
            1.008,
            (first + last) / 2,
            f"{segment} · {_MODES.get(row.mode or '', row.mode)}",
            color=color,
            fontsize=9,
            va="center",
            transform=place,
        )


def _color(row: Row) -> str:
    return CHANGED if row.segment is None else SEGMENTS[(row.segment - 1) % len(SEGMENTS)]


def _short(label: str) -> str:
    """Of a long label the end."""
    return label if len(label) <= _LONGEST_LABEL else f"…{label[1 - _LONGEST_LABEL :]}"
