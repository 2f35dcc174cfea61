"""How far an edit reaches into every value, and which layer let it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastism.ir.analysis import relations
from fastism.ir.graph import Node, Value
from fastism.ir.module import Module
from fastism.ir.windows import Relation, Unread, Window


@dataclass(frozen=True)
class ValueRow:
    """One value of the model's graph, as annotated and segmented.

    value, layer, op: its name, the Keras path of the layer it is for, and the op that makes it
    (``input`` for an input). segment, mode: of that op; None of an input.
    length: its positions. change: the widest stretch an edit changes. window: the part of it that
    some output sees. everywhere: at every site, an edit changes all positions, or none.
    growth: positions that the op adds to the widest window it reads, taken to the scale of its own
    result; what pooling shrinks, or a crop cuts away, is no growth (a crop may be negative).
    grown_by: the layer that made the window as wide as it is: this one if it adds to it, else that
    of the value the window came from; None if nothing did.
    multiply_adds: what computing it takes an item, averaged over all sites.
    saved: whether the propagation graphs read its reference.
    """

    value: str
    layer: str
    op: str
    segment: int | None
    mode: str | None
    length: int
    change: int
    window: int
    everywhere: bool
    growth: float
    grown_by: str | None
    multiply_adds: float
    saved: bool


@dataclass(frozen=True)
class SiteRow:
    """What the edit at one site reaches in one value: intervals ``(start, stop)``, in order.

    change: the positions altered. window: those of them that some output sees. need: the positions
    that some output sees at all, altered or not.
    """

    value: str
    layer: str
    op: str
    length: int
    change: tuple[tuple[int, int], ...]
    window: tuple[tuple[int, int], ...]
    need: tuple[int, int]


def value_rows(
    segmented: Module, scheduled: Module, spent: Mapping[str, float]
) -> tuple[ValueRow, ...]:
    """A row a value, in the order of the graph; ``spent`` has multiply-adds an item by node."""
    graph, rows = segmented.main, dict[str, ValueRow]()
    saved = set(scheduled.main.outputs[len(scheduled.outputs) :])
    for value in graph.inputs:
        rows[value.name] = _row(value, None, 0.0, None, 0.0, value.name in saved)
    for node in graph.nodes:
        read = list(zip(node.inputs, relations(graph, node), strict=True))
        for value in node.results:
            source, growth = _widest(value, [(rows[name], relation) for name, relation in read])
            layer = layer_of(node) if growth > 0 else source.grown_by if source else None
            macs = spent.get(node.name, 0.0) if value is node.results[0] else 0.0
            rows[value.name] = _row(value, node, growth, layer, macs, value.name in saved)
    return tuple(rows.values())


def site_rows(segmented: Module, site: int) -> tuple[SiteRow, ...]:
    """A row a value for the site with index ``site``."""
    graph, rows = segmented.main, []
    for value in graph.values.values():
        assert value.change is not None
        assert value.need is not None
        node = graph.producers.get(value.name)
        rows.append(
            SiteRow(
                value=value.name,
                layer=layer_of(node) if node else value.name,
                op=node.op if node else "input",
                length=value.type.length,
                change=tuple((i.start, i.stop) for i in value.change.at(site)),
                window=tuple((i.start, i.stop) for i in value.window.at(site)),
                need=(value.need.start, value.need.stop),
            )
        )
    return tuple(rows)


def layer_of(node: Node) -> str:
    """The Keras path of the layer that a node is for; its own name if there is none."""
    return node.origin.layer if node.origin else node.name


def _row(
    value: Value, node: Node | None, growth: float, layer: str | None, macs: float, saved: bool
) -> ValueRow:
    assert value.change is not None
    return ValueRow(
        value=value.name,
        layer=layer_of(node) if node else value.name,
        op=node.op if node else "input",
        segment=node.segment if node else None,
        mode=node.mode if node else None,
        length=value.type.length,
        change=value.change.width,
        window=value.window.width,
        everywhere=value.change.is_all,
        growth=growth,
        grown_by=layer,
        multiply_adds=macs,
        saved=saved,
    )


def _widest(
    value: Value, read: Sequence[tuple[ValueRow, Relation]]
) -> tuple[ValueRow | None, float]:
    """The input whose window is the widest at the scale of the result, and the growth from it."""
    widths = [(row.window * _scale(row, value, relation), row) for row, relation in read]
    reached = [(width, row) for width, row in widths if width > 0]
    if not reached or value.window.is_none:
        return None, 0.0
    width, row = max(reached, key=lambda pair: pair[0])
    return row, round(value.window.width - width, 2)


def _scale(row: ValueRow, value: Value, relation: Relation) -> float:
    """Positions of a result for each position of an input."""
    if isinstance(relation, Unread):
        return 0.0
    if isinstance(relation, Window):
        return relation.factor / abs(relation.stride)
    return value.type.length / row.length
