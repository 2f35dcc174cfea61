"""Fuse: number the loops that the nodes of propagation graphs run in.

Before:                                         After:
    %conv.spread = conv1d_spread(%item/edit)        ... segment=0
    %conv.delta = place(%conv.spread, ...)          ... segment=0
    %conv.reference = window(%conv, ...)            ...
    %conv.value = add_reference(...)                ... segment=0
    %relu.value = relu(%conv.value)                 ... segment=0
    %pool.value = max_pool(%relu.value)             ... segment=1

A loop is one op that reads its input anywhere (a product, a pool) and the element-wise ops that
alone read what it makes: they are done while its numbers are at hand, and only the last of them is
written to memory. What reads only the reference, and what only moves a delta to other positions,
has no number: it is done anew wherever it is read, and never written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.passes.base import Pass
from fastism.passes.registry import register_pass

MEETS_REFERENCE: Final = frozenset({"add_reference", "subtract_reference"})
MOVES: Final = frozenset({"place", "pick", "expand"})
"""They bring numbers to other places: a loop that reads them looks there."""
REFERENCE: Final = frozenset({"window", "gather_reference"})
BY_CHANNEL: Final = frozenset({"scale_shift", "prelu"})
"""Element-wise, but for a constant a channel."""


@register_pass
@dataclass(frozen=True)
class Fuse(Pass):
    """Number the loops of propagation graphs.

    alone: ops that run by themselves, whatever stands before or behind them.
    """

    name: ClassVar[str] = "fuse"
    requires: ClassVar[tuple[str, ...]] = ("split", "scheduled")
    alone: tuple[str, ...] = ()

    def run(self, module: Module) -> Module:
        graphs = (
            numbered(graph, lambda node: node.op in self.alone) for graph in module.graphs[1:]
        )
        return module.with_graphs([module.main, *graphs])


def numbered(graph: Graph, alone: Callable[[Node], bool]) -> Graph:
    """The graph with the number of its loop on every node that is in one.

    alone: whether a node runs by itself.
    """
    loops: dict[str, int] = {}
    numbers: dict[str, int | None] = {}
    closed: set[int] = set()  # loops that nothing joins
    count = 0
    anew = _done_where_read(graph, alone)
    for node in graph.nodes:
        joins = _element_wise(graph, node) and not alone(node)
        number = _continued(graph, node, loops, closed) if joins else None
        if number is None and node.name not in anew:
            number, count = count, count + 1
            if alone(node):
                closed.add(number)
        numbers[node.name] = number
        if number is not None:
            loops.update((value.name, number) for value in node.results)
    return graph.replace(
        nodes=tuple(replace(node, segment=numbers[node.name]) for node in graph.nodes)
    )


def _element_wise(graph: Graph, node: Node) -> bool:
    """Whether an entry of the result is made of one entry of each input, of one element type."""
    op = definition(node.op)
    known = MEETS_REFERENCE | MOVES | REFERENCE | BY_CHANNEL | {"mask_outside"}
    if not (op.elementwise or node.op in known) or len(node.results) != 1:
        return False
    read = [type for type in graph.types(node.inputs) if type.dtype == node.type.dtype]
    batches = {type.shape[0] for type in read}
    if node.op in known:
        return bool(batches)
    same = all(type.shape[1:] == node.type.shape[1:] for type in read)
    return same and len(read) == len(node.inputs) and len(batches) == 1


def _continued(graph: Graph, node: Node, loops: dict[str, int], closed: set[int]) -> int | None:
    """The loop of an input that this node alone reads; the latest, if there are several."""
    found = [
        loops[name]
        for name in node.inputs
        if name in loops
        and loops[name] not in closed
        and name not in graph.outputs
        and len(graph.users[name]) == 1
        and graph.values[name].type.shape[0] == node.type.shape[0]
    ]
    return max(found, default=None)


def _done_where_read(graph: Graph, alone: Callable[[Node], bool]) -> frozenset[str]:
    """The nodes so cheap that every loop that reads them does them anew."""
    found: set[str] = set()

    def in_a_loop(user: Node) -> bool:
        joins = _element_wise(graph, user) and not alone(user)
        return joins and (user.name in found or user.type.shape[0] == "M")

    for node in reversed(graph.nodes):
        cheap = node.op in MOVES | REFERENCE or node.results[0].type.shape[0] == "P"
        if not cheap or alone(node) or not _element_wise(graph, node):
            continue
        name = node.result.name
        if name not in graph.outputs and all(map(in_a_loop, graph.users[name])):
            found.add(node.name)
    return frozenset(found)
