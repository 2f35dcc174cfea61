"""A propagation graph as loops: what each writes, what it reads, and in which order they run.

A numbered graph (`fastism.passes.fuse`) says which nodes are one loop. Loops without a native form
run in TensorFlow; they and the native ones take turns, in *phases*, and what passes from one phase
to another, or leaves the graph, is an array of all items. What stays within a phase is held for a
block of tiles at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from heapq import heapify, heappop

from fastism.backends.native.chains import folded
from fastism.backends.native.expressions import Expression
from fastism.backends.native.rearranged import is_chain
from fastism.backends.native.rows import as_rows
from fastism.backends.native.spelled import is_constant, spelled_out
from fastism.backends.native.support import (
    PLAIN,
    has_native_form,
    is_along,
    is_rearranged,
    is_root,
)
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.passes.fuse import numbered

ALIGNED = "@aligned"
"""Behind the name of a value: its copy in a frame where every item's window starts at row 0."""
TILED = "@tiled"
"""Behind the name of a value: the copy in tiles of one that is an array of all items."""


@dataclass(frozen=True, eq=False)
class Loop:
    """A native loop.

    name: of what it writes. value: the value of the graph which that is, or is a copy of. root:
    the node, if any, that is not element-wise. source: the name of what the root reads. tiled:
    whether it writes into tiles; else, an array of all items. aligned: it moves every item's
    window to row 0.
    """

    name: str
    value: str
    root: Node | None
    expression: Expression
    source: str | None
    tiled: bool
    aligned: bool = False


@dataclass(frozen=True, eq=False)
class Foreign:
    """Nodes that run in TensorFlow, as a graph of their own."""

    graph: Graph


@dataclass
class Loops:
    """All steps of a graph, by phase; in each either native loops or one foreign step.

    stored: the names that hold arrays of all items once their phase is over.
    """

    graph: Graph
    phases: list[list[Loop] | Foreign] = field(default_factory=list)


def loops_of(module: Module, graph: Graph) -> Loops:
    """The loops of a propagation graph."""
    plain = folded(module, as_rows(module, spelled_out(module, graph)))
    left = {node.name for node in plain.nodes if not has_native_form(module, plain, node)}
    while True:
        result = _phased(plain, _with_plain(plain, left))
        detours = _detours(result)
        if not detours:
            return result
        left |= detours


def _phased(graph: Graph, left: frozenset[str]) -> Loops:
    """The loops of a graph, by phase. left: the nodes that run in no native loop."""
    graph = numbered(graph, lambda node: node.name in left)
    members: dict[int, list[Node]] = {}
    for node in graph.nodes:
        if node.segment is not None:
            members.setdefault(node.segment, []).append(node)
    native = {number: _native(left, nodes) for number, nodes in members.items()}
    order, phase = _ordered(graph, members, native)
    result = Loops(graph)
    for index in sorted(set(phase.values())):
        here = [number for number in order if phase[number] == index]
        if native[here[0]]:
            result.phases.append(_native_phase(graph, members, here, phase, index))
        else:
            result.phases.append(_foreign(graph, [n for k in here for n in members[k]]))
    return result


def _with_plain(graph: Graph, left: Set[str]) -> frozenset[str]:
    """Those nodes, and what only puts numbers in other places for or behind them.

    Numpy reshapes an array that is at hand, or leaves the graph, without work.
    """
    found = set(left)
    plain = [node for node in graph.nodes if is_rearranged(graph, node) and not is_chain(node)]
    for node in plain:
        source = graph.producers.get(node.inputs[0])
        if source is not None and source.name in found:
            found.add(node.name)
    for node in reversed(plain):
        users = graph.users[node.result.name]
        if all(user.name in found for user in users) and (users or node.op in PLAIN):
            found.add(node.name)
    return frozenset(found)


def _detours(loops: Loops) -> frozenset[str]:
    """The nodes of native phases that do little, behind TensorFlow, and for it or the outputs.

    Element-wise ops and those along channels run as well in TensorFlow: a phase of nothing else
    only costs that arrays of all items change hands twice.
    """
    graph, numbers = loops.graph, set[int | None]()
    read_later: set[str | None] = set()
    for phase in reversed(loops.phases[1:]):
        if isinstance(phase, Foreign):
            continue
        read = {slot.value for loop in phase for slot in loop.expression.slots[1:]}
        made = {loop.value for loop in phase if loop.name == loop.value}
        light = all(loop.root is None or is_along(loop.root) for loop in phase)
        constant = any(value.name in read and is_constant(value) for value in graph.inputs)
        if light and not constant and not made & read_later:
            numbers.update(graph.producers[name].segment for name in made)
        read_later |= read
    return frozenset(node.name for node in graph.nodes if node.segment in numbers - {None})


def _native(left: frozenset[str], nodes: Sequence[Node]) -> bool:
    batched = all(node.type.shape[0] == "M" for node in nodes if len(node.results) == 1)
    return batched and not any(node.name in left for node in nodes)


def _ordered(
    graph: Graph, members: dict[int, list[Node]], native: dict[int, bool]
) -> tuple[list[int], dict[int, int]]:
    """The loops in an order that runs, and the phase of each: even ones are native."""
    before = {
        number: {read for node in nodes for read in _read(graph, node, number)}
        for number, nodes in members.items()
    }
    line = _line(before)
    phase: dict[int, int] = {}
    for number in line:
        earliest = max((phase[read] for read in before[number]), default=0)
        phase[number] = earliest + (earliest % 2 != (0 if native[number] else 1))
    return line, phase


def _line(before: Mapping[int, set[int]]) -> list[int]:
    """Numbers so that each comes behind those before it; of those that could be next, the least."""
    sorter, line = TopologicalSorter(before), list[int]()
    sorter.prepare()
    ready = list(sorter.get_ready())
    while ready:
        heapify(ready)
        line.append(heappop(ready))
        sorter.done(line[-1])
        ready.extend(sorter.get_ready())
    return line


def _read(graph: Graph, node: Node, number: int) -> set[int]:
    """The other loops that a node reads, also through nodes that are in none."""
    found: set[int] = set()
    for name in node.inputs:
        source = graph.producers.get(name)
        if source is None:
            continue
        if source.segment is None:
            found |= _read(graph, source, number)
        elif source.segment != number:
            found.add(source.segment)
    return found


def _end(graph: Graph, nodes: Sequence[Node]) -> str:
    """The value that a loop writes: the one that is read outside it."""
    return nodes[-1].result.name


def _native_phase(
    graph: Graph,
    members: dict[int, list[Node]],
    here: Sequence[int],
    phase: dict[int, int],
    index: int,
) -> list[Loop]:
    loops: list[Loop] = []
    tiled: set[str] = set()
    made = {_end(graph, members[number]) for number in here}

    def readers(value: str) -> set[int | None]:
        """The loops that read a value, through nodes in none; None for the graph's own outputs."""
        found: set[int | None] = {None} if value in graph.outputs else set()
        for user in graph.users[value]:
            if user.segment is None:
                found |= readers(user.result.name)
            else:
                found.add(user.segment)
        return found

    def copy(value: str, name: str, aligned: bool) -> None:
        expression = Expression(graph, value, None, lambda node: False)
        loops.append(Loop(name, value, None, expression, None, True, aligned))

    def source(node: Node) -> str:
        """What a root reads, after copies that it needs."""
        value = node.inputs[0]
        if _wants_aligned(node):
            if value + ALIGNED not in tiled:
                copy(value, value + ALIGNED, True)
                tiled.add(value + ALIGNED)
            return value + ALIGNED
        if value in made:
            return value
        if value + TILED not in tiled:
            copy(value, value + TILED, False)
            tiled.add(value + TILED)
        return value + TILED

    for number in here:
        nodes = members[number]
        root = nodes[0] if is_root(graph, nodes[0]) else None
        end = _end(graph, nodes)
        outside = {phase[read] if read is not None else -1 for read in readers(end)}
        inside: Callable[[Node], bool] = _inside(number)
        expression = Expression(graph, end, root, inside)
        read = source(root) if root is not None else None
        held = index in outside
        leaves = bool(outside - {index})
        name = end
        loops.append(Loop(name, end, root, expression, read, held))
        if held and leaves:
            only = Expression(graph, end, None, lambda node: False)
            loops.append(Loop(end + "@items", end, None, only, None, False))
    return loops


def _inside(number: int) -> Callable[[Node], bool]:
    return lambda node: node.segment is None or node.segment == number


def _wants_aligned(node: Node) -> bool:
    """Whether a product needs all items' windows to start in one row of the frame."""
    return node.op == "dense_rows" or (node.op == "conv1d" and node.integer("stride") > 1)


def _foreign(graph: Graph, nodes: Sequence[Node]) -> Foreign:
    """Nodes as a graph that reads what they read, and returns what others read of them."""
    made = {value.name for node in nodes for value in node.results}
    names = {node.name for node in nodes}
    read = dict.fromkeys(name for node in nodes for name in node.inputs if name not in made)
    given = [
        name
        for node in nodes
        for name in (value.name for value in node.results)
        if name in graph.outputs or any(user.name not in names for user in graph.users[name])
    ]
    inputs = tuple(graph.values[name] for name in read)
    return Foreign(Graph(graph.name, inputs, tuple(nodes), tuple(given)))
