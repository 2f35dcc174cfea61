"""The rows of the picture of windows: what one edit changes in every layer, and where that lies."""

from __future__ import annotations

from dataclasses import dataclass

from fastism.errors import InputError, VerifyError
from fastism.ir import Graph, Interval, Module, Node, Value
from fastism.ir.analysis import relations
from fastism.ir.windows import POINTWISE, Window


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
    """One line of the picture; ``placement`` is None where positions have lost their place.

    segment, mode, stop: of the layer, as the segment pass filled them in; None where it has not.
    """

    label: str
    positions: int
    change: tuple[Interval, ...]
    need: Interval
    placement: Placement | None
    segment: int | None = None
    mode: str | None = None
    stop: str | None = None

    @property
    def count(self) -> str:
        """How much changes, in words."""
        changed = "+".join(str(interval.width) for interval in self.change) or "0"
        return f"{changed} of {self.positions}" if self.placement else "all"

    def span(self, interval: Interval, length: int) -> tuple[float, float]:
        """The input coordinates of an interval of this row; all of them without a placement."""
        return self.placement.span(interval) if self.placement else (0.0, float(length))


def rows_of(module: Module, site: int) -> list[Row]:
    """The sequence input and every layer at which the window moves or grows, in order.

    site: the index of one. Raises InputError if it is none, VerifyError if the module carries no
    ranges.
    """
    if module.sites is not None and site not in range(len(module.sites)):
        raise InputError(f"there is no site {site}: the module has {len(module.sites)}")
    graph = module.main
    placements = _placements(graph, module.seq_input)

    def row(label: str, value: Value, node: Node | None = None) -> Row:
        if value.change is None or value.need is None:
            raise VerifyError(
                f"stage {module.stage!r} carries no change ranges", attempt="run the annotate pass"
            )
        change, placement = value.change.at(site), placements[value.name]
        own = (None, None, None) if node is None else (node.segment, node.mode, node.stop)
        return Row(label, value.type.length, change, value.need, placement, *own)

    rows = [row(module.seq_input, graph.values[module.seq_input])]
    for node in graph.nodes:
        if node.stop or any(relation != POINTWISE for relation in relations(graph, node)):
            layer = node.origin.layer if node.origin else node.name
            label = layer if node.op in layer else f"{layer} · {node.op}"
            rows += [row(label, v, node) for v in node.results if v.name in placements]
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
