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
written to memory. What reads only the reference, what only moves a delta to other positions, and
what takes some of the channels has no number: it is done anew wherever it is read, and never
written. What is put side by side begins a loop. A value that is spread over positions or channels
ends one: its numbers are made once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.ops.shape import positions
from fastism.passes.base import Pass
from fastism.passes.registry import register_pass

MEETS_REFERENCE: Final = frozenset({"add_reference", "subtract_reference"})
MOVES: Final = frozenset({"place", "pick", "expand", "crop", "zero_pad"})
"""They bring numbers to other places: a loop that reads them looks there."""
RESHAPES: Final = frozenset({"reshape", "flatten"})
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
        number = None
        if _by_entry(graph, node) and not alone(node):
            number = _continued(graph, node, loops, closed)
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


def is_move(graph: Graph, node: Node) -> bool:
    """Whether a node only brings rows to other positions, or has none to bring."""
    read = graph.types(node.inputs)
    if node.op == "slice":
        return positions(node, read[0].length).step == 1
    if node.op == "zero_window":
        return True
    if node.op in RESHAPES:  # of a lone row, which stays as it is
        return all(type.rank > 1 and type.elements == type.channels for type in (*read, node.type))
    return node.op in MOVES


def joins(node: Node) -> bool:
    """Whether a node puts channels, or positions, of several values side by side."""
    return node.op == "concatenate" and node.integer("axis") % node.type.rank > 0


def takes_channels(graph: Graph, node: Node) -> bool:
    """Whether a node takes channels that lie side by side, in their order or turned round."""
    if node.op != "slice_channels":
        return False
    taken = positions(node, graph.values[node.inputs[0]].type.channels)
    return taken.step in (1, -1) or len(taken) == 1


def _by_entry(graph: Graph, node: Node) -> bool:
    """Whether an entry of the result is made of entries of the inputs, wherever they lie there."""
    if len(node.results) != 1:
        return False
    moved = (joins(node) or takes_channels(graph, node)) and _of_one_kind(graph, node)
    return moved or _element_wise(graph, node) or _broadcasts(graph, node)


def _element_wise(graph: Graph, node: Node) -> bool:
    """Whether an entry of the result is made of one entry of each input, of one element type."""
    known = MEETS_REFERENCE | REFERENCE | BY_CHANNEL | {"mask_outside"}
    if node.op in known or is_move(graph, node):
        return any(type.dtype == node.type.dtype for type in graph.types(node.inputs))
    same = all(type.shape[1:] == node.type.shape[1:] for type in graph.types(node.inputs))
    return definition(node.op).elementwise and same and _of_one_kind(graph, node)


def _broadcasts(graph: Graph, node: Node) -> bool:
    """Whether it would be element-wise if inputs of one position or channel had all of them."""
    every = (type.shape[1:] for type in graph.types(node.inputs))
    wide = node.type.shape[1:]
    spread = all(
        len(shape) == len(wide) and all(a in (1, b) for a, b in zip(shape, wide, strict=True))
        for shape in every
    )
    return definition(node.op).elementwise and spread and _of_one_kind(graph, node)


def _of_one_kind(graph: Graph, node: Node) -> bool:
    """Whether all inputs have the element type of the result, and one batch axis."""
    read = graph.types(node.inputs)
    same = all(type.dtype == node.type.dtype for type in read)
    return same and len({type.shape[0] for type in read}) == 1


def _continued(graph: Graph, node: Node, loops: dict[str, int], closed: set[int]) -> int | None:
    """The loop of an input that this node alone reads; the latest, if there are several."""
    moved = is_move(graph, node)
    if joins(node) or takes_channels(graph, node) or node.op == "zero_window":
        return None
    if node.op in RESHAPES and node.type.rank == 2:  # no positions from here on
        return None
    found = [
        loops[name]
        for name in node.inputs
        if name in loops
        and (moved or graph.values[name].type.shape[1:] == node.type.shape[1:])
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
        inside = _by_entry(graph, user) and not alone(user)
        return inside and (user.name in found or user.type.shape[0] == "M")

    for node in reversed(graph.nodes):
        reads = node.op in REFERENCE or node.op == "slice_channels" or is_move(graph, node)
        cheap = reads or node.results[0].type.shape[0] == "P"
        if not cheap or alone(node) or joins(node) or not _by_entry(graph, node):
            continue
        name = node.result.name
        if name not in graph.outputs and all(map(in_a_loop, graph.users[name])):
            found.add(node.name)
    return frozenset(found)
