"""What every segment boundary costs, beside why it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module
from fastism.passes import costs
from fastism.passes.boundaries import Boundary, boundaries
from fastism.report.values import layer_of


@dataclass(frozen=True)
class BoundaryRow:
    """The start of a segment.

    node, layer: what opens it. segment, behind: its number, and those of the segments it reads.
    kind: what weighs most among the reasons: ``user``, ``cost``, ``unknown``, ``meets``,
    ``numbers`` or ``mixes`` where locality ends; ``input``, ``joins``, ``fan-out``, ``flanks``,
    ``moves`` or ``mode`` elsewhere. why: all of them, as sentences.
    handed: bytes an item that cross it, over all sites on average. seconds: an item's, to write
    and read them, by the cost model. saved: bytes a sequence kept of the reference of what crosses.
    behind_macs: where locality ends, multiply-adds an item of all that no longer runs on windows
    because of it; None elsewhere.
    """

    node: str
    layer: str
    segment: int
    behind: tuple[int, ...]
    kind: str
    why: tuple[str, ...]
    handed: float
    seconds: float
    saved: int
    behind_macs: float | None


def boundary_rows(
    segmented: Module, scheduled: Module, spent: Mapping[str, float]
) -> tuple[BoundaryRow, ...]:
    """A row a boundary, in order; ``spent`` has multiply-adds an item by node."""
    graph = segmented.main
    saved = set(scheduled.main.outputs[len(scheduled.outputs) :])
    return tuple(_row(graph, boundary, saved, spent) for boundary in boundaries(graph))


def _row(
    graph: Graph, boundary: Boundary, saved: set[str], spent: Mapping[str, float]
) -> BoundaryRow:
    node = graph.by_name[boundary.node]
    values = [graph.values[name] for name in dict.fromkeys(node.inputs)]
    crossing = [value for value in values if not value.window.is_none]
    handed = sum(_bytes(graph, value) for value in crossing)
    return BoundaryRow(
        node=node.name,
        layer=layer_of(node),
        segment=boundary.segment,
        behind=boundary.behind,
        kind=boundary.reasons[0].kind,
        why=tuple(reason.why for reason in boundary.reasons),
        handed=handed,
        seconds=2 * handed / costs.BYTES,
        saved=sum(value.type.bytes for value in crossing if value.name in saved),
        behind_macs=_behind(graph, node, spent) if boundary.is_stop else None,
    )


def _bytes(graph: Graph, value: Value) -> float:
    """Bytes an item of a value: of its window, where it runs on one."""
    source = graph.producers.get(value.name)
    if source is not None and source.mode != "delta":
        return float(value.type.bytes)
    return float(value.window.widths.mean()) * value.type.bytes / value.type.length


def _behind(graph: Graph, node: Node, spent: Mapping[str, float]) -> float:
    names = {node.name, *nx.descendants(graph.to_networkx(), node.name)}
    return sum(spent.get(name, 0.0) for name in names)
