"""A picture of one mutation spreading through a model: the change range of every layer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from os import PathLike

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fastism.errors import InputError, VerifyError
from fastism.ir import Graph, Interval, Module, Node, Value
from fastism.ir.analysis import relations
from fastism.ir.windows import POINTWISE, Window

HEIGHT = 0.62
"""Height of a bar; rows are one apart."""

UNREAD, UNCHANGED, CHANGED = "#f1f2f4", "#d3d8df", "#cf4254"


@dataclass(frozen=True)
class Placement:
    """Where a value's positions lie over the input: p covers ``[p, p + 1) * scale + offset``.

    A position is centred on the inputs it reads: pooled positions are wide, and the positions of a
    cropped value stay below the inputs they came from.
    """

    scale: float = 1.0
    offset: float = 0.0

    def span(self, interval: Interval) -> tuple[float, float]:
        """The input coordinates of an interval, from left to right."""
        ends = sorted((interval.start * self.scale, interval.stop * self.scale))
        return ends[0] + self.offset, ends[1] + self.offset

    def through(self, window: Window) -> Placement:
        """The placement of the result of a local op."""
        step = self.scale / window.factor
        shift = (window.reach - window.stride) / 2 - window.pad
        return Placement(step * window.stride, self.offset + step * shift)


@dataclass(frozen=True)
class Row:
    """One line of the picture; ``placement`` is None where positions have lost their place."""

    label: str
    positions: int
    change: tuple[Interval, ...]
    need: Interval
    placement: Placement | None

    @property
    def count(self) -> str:
        """How much changes, in words."""
        changed = "+".join(str(interval.width) for interval in self.change) or "0"
        return f"{changed} of {self.positions}" if self.placement else "all"

    def span(self, interval: Interval, length: int) -> tuple[float, float]:
        """The input coordinates of an interval of this row; all of them without a placement."""
        return self.placement.span(interval) if self.placement else (0.0, float(length))


def plot_windows(module: Module, path: str | PathLike[str], site: int) -> None:
    """Draw the change ranges of one site through an annotated module, and save the picture.

    One row a layer, the input on top; x is the position in the input. What no output reads is
    pale. Layers that leave every position in its place (activations) have no row. Raises InputError
    if ``site`` is not the index of a site, VerifyError if the module carries no ranges.
    """
    if module.sites is not None and site not in range(len(module.sites)):
        raise InputError(f"there is no site {site}: the module has {len(module.sites)}")
    rows = _rows(module, site)
    length = rows[0].positions
    figure = Figure(figsize=(9, 0.9 + 0.34 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for index, row in enumerate(rows):
        _draw_row(axes, row, index, length)
    for index, (upper, lower) in enumerate(pairwise(rows)):
        for first, second in product(upper.change, lower.change):
            above, below = upper.span(first, length), lower.span(second, length)
            y, left = (index + HEIGHT / 2, index + 1 - HEIGHT / 2), (above[0], below[0])
            axes.fill_betweenx(y, left, (above[1], below[1]), color=CHANGED, alpha=0.2, linewidth=0)
    axes.set(xlim=(0, length), ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlabel(f"position in the input; the base at {rows[0].change[0].start} is edited")
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    counts = axes.secondary_yaxis("right")
    counts.set_yticks(range(len(rows)), [row.count for row in rows])
    for side in (axes.tick_params, counts.tick_params):
        side(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    counts.spines["right"].set_visible(False)
    figure.savefig(path, dpi=150)


def _draw_row(axes: Axes, row: Row, index: int, length: int) -> None:
    everything = Interval(0, row.positions)
    bars = [(everything, UNREAD), (row.need, UNCHANGED), *((i, CHANGED) for i in row.change)]
    for interval, color in bars:
        if interval.width:
            left, right = row.span(interval, length)
            axes.barh(index, right - left, HEIGHT, left=left, color=color, linewidth=0)
    if row.placement:
        # Seams between changed positions show that pooled ones are wide.
        inner = [p for i in row.change for p in range(i.start + 1, i.stop)]
        seams = [row.placement.span(Interval(p, p))[0] for p in inner]
        axes.vlines(seams, index - HEIGHT / 2, index + HEIGHT / 2, color="white", linewidth=0.6)


def _rows(module: Module, site: int) -> list[Row]:
    """The sequence input and every layer at which the window moves or grows, in order."""
    graph = module.main
    placements = _placements(graph, module.seq_input)

    def row(label: str, value: Value) -> Row:
        if value.change is None or value.need is None:
            raise VerifyError(
                f"stage {module.stage!r} carries no change ranges", attempt="run the annotate pass"
            )
        change = value.change.at(site)
        return Row(label, value.type.length, change, value.need, placements[value.name])

    rows = [row(module.seq_input, graph.values[module.seq_input])]
    for node in graph.nodes:
        if any(relation != POINTWISE for relation in relations(graph, node)):
            layer = node.origin.layer if node.origin else node.name
            label = layer if node.op in layer else f"{layer} · {node.op}"
            rows += [row(label, value) for value in node.results if value.name in placements]
    return rows


def _placements(graph: Graph, seq_input: str) -> dict[str, Placement | None]:
    """For every value the sequence input reaches; None past the stop frontier."""
    placements: dict[str, Placement | None] = {seq_input: Placement()}

    def result(node: Node) -> Placement | None:
        found = None
        for name, relation in zip(node.inputs, relations(graph, node), strict=True):
            source = placements.get(name)
            if name in placements and (source is None or not isinstance(relation, Window)):
                return None
            if found is None and source is not None and isinstance(relation, Window):
                found = source.through(relation)
        return found

    for node in graph.nodes:
        if any(name in placements for name in node.inputs):
            placements.update((value.name, result(node)) for value in node.results)
    return placements
