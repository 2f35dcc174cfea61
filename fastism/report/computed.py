"""What the propagation graphs of a plan compute, from its last stage alone.

A plan that was compiled from text of the split or scheduled stage holds no ranges and no segments;
its graphs still say how wide every window is, and what an item costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import Program
from fastism.report.values import layer_of


@dataclass(frozen=True)
class ComputedRow:
    """One value of a propagation graph: the op that makes it, and for which layer.

    window: its positions; None where it has no sequence axis. multiply_adds: an item's. shared:
    whether the items of one site share it.
    """

    value: str
    layer: str
    op: str
    window: int | None
    multiply_adds: float
    shared: bool


@dataclass(frozen=True)
class GraphRow:
    """One propagation graph: how many sites it is for, the first and the last position of them.

    multiply_adds, predicted_seconds, measured_seconds: an item's; None where nobody said.
    """

    graph: str
    sites: int
    first: int
    last: int
    multiply_adds: float
    predicted_seconds: float | None
    measured_seconds: float | None
    values: tuple[ComputedRow, ...]


def computed(stages: Sequence[Module]) -> tuple[GraphRow, ...]:
    """A row a propagation graph of the scheduled stage, in order."""
    scheduled = stages[-1]
    assert scheduled.sites is not None
    starts = scheduled.sites.starts
    found = []
    for group in Program.of(scheduled).groups:
        values = tuple(_row(group.graph, node, group.alternatives) for node in group.graph.nodes)
        positions = [starts[site] for site in group.sites]
        found.append(
            GraphRow(
                graph=group.graph.name,
                sites=len(positions),
                first=min(positions),
                last=max(positions),
                multiply_adds=sum(row.multiply_adds for row in values),
                predicted_seconds=group.predicted_seconds,
                measured_seconds=group.measured_seconds,
                values=values,
            )
        )
    return tuple(found)


def _row(graph: Graph, node: Node, alternatives: int) -> ComputedRow:
    result = node.results[0].type
    shared = result.shape[0] != "M"
    macs = definition(node.op).macs(node, graph.types(node.inputs))
    return ComputedRow(
        value=node.results[0].name,
        layer=layer_of(node),
        op=node.op,
        window=result.length if result.rank > 2 else None,
        multiply_adds=macs / (alternatives if shared else 1),
        shared=shared,
    )
