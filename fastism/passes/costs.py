"""What ops cost: seconds by multiply-adds and bytes moved, on a nominal machine.

A product of two large matrices runs at the machine's peak, one with few channels below it, and an
op that only moves values at the speed of memory. Decisions need ratios alone, so the machine is a
nominal one; a plan that was timed keeps what its machine took beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastism.ir.graph import Graph, Node, Value
from fastism.ir.ops import definition
from fastism.ir.types import TensorType

PRODUCTS = 190e9
"""Multiply-adds a second of large f32 matrix products."""
BYTES = 25e9
"""Bytes a second read or written, mostly in cache."""
HALF_SPEED = 4
"""Rows or columns of a kernel at which its product runs at half of the peak."""
FEWEST = 16
"""Fewer columns than this cost no less: backends put several positions side by side."""

ALTERNATIVES = 3
"""Items that share one pair's reference windows: the other three bases."""


def seconds(node: Node, types: Sequence[TensorType]) -> float:
    """Seconds a node takes a batch entry, given the types of its inputs."""
    return _multiplying(node, types) + moved(node, types) / BYTES


def _multiplying(node: Node, types: Sequence[TensorType]) -> float:
    """Seconds a batch entry for the products of a node alone."""
    products = definition(node.op).macs(node, tuple(types))
    return products / (PRODUCTS * efficiency(node, types)) if products else 0.0


def moved(node: Node, types: Sequence[TensorType]) -> int:
    """Bytes a batch entry that a node reads and writes."""
    return sum(type.bytes for type in types) + sum(value.type.bytes for value in node.results)


def fraction(value: Value) -> float:
    """Average width of a value's window over the sites that reach it, as a part of its length."""
    widths = value.window.widths[value.window.occupied]
    return float(widths.mean()) / value.type.length if len(widths) else 0.0


def efficiency(node: Node, types: Sequence[TensorType]) -> float:
    """The share of the peak at which a node's product runs, by the shape of its kernel."""
    products = definition(node.op).products
    if products is None or types[0].rank < 2 or node.results[0].type.rank < 2:
        return 1.0
    rows, columns = products.kernel(node, tuple(types))
    return _share(rows) * _share(max(columns, FEWEST))


def _share(extent: int) -> float:
    return extent / (extent + HALF_SPEED)


def seconds_an_item(graph: Graph, alternatives: int = ALTERNATIVES) -> float:
    """Seconds a propagation graph takes an item; what is done once a pair counts for its share.

    Light ops between two others are taken to be one loop, as a backend that fuses makes them:
    what passes between them is not moved.
    """
    heavy = {node.name for node in graph.nodes if not definition(node.op).light}
    total = 0.0
    for node in graph.nodes:
        types = graph.types(node.inputs)
        once = _share_of(node.results[0].type.shape[0], alternatives)
        read = [
            type.bytes * min(_share_of(type.shape[0], alternatives) / once, 1)
            for name, type in zip(node.inputs, types, strict=True)
            if type.shape[0] != "N" and (node.name in heavy or _made_by(graph, name, heavy))
        ]
        written = [
            value.type.bytes
            for value in node.results
            if node.name in heavy
            or value.name in graph.outputs
            or any(user.name in heavy for user in graph.users[value.name])
        ]
        total += (_multiplying(node, types) + (sum(read) + sum(written)) / BYTES) * once
    return total


def _share_of(batch: object, alternatives: int) -> float:
    """The part of a value that one item makes or reads: those of a pair share the pair's."""
    return 1.0 if batch == "M" else 1.0 / alternatives


def _made_by(graph: Graph, name: str, nodes: set[str]) -> bool:
    source = graph.producers.get(name)
    return source is None or source.name in nodes
