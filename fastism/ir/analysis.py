"""Change and need ranges of a whole graph, from the ops' window relations.

Change runs forward from the edited input, need backward from the outputs; both only join and
intersect what `fastism.ir.windows` says of single ops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import Final

from fastism.errors import VerifyError
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module
from fastism.ir.ops.registry import definition
from fastism.ir.ranges import Interval, Range
from fastism.ir.windows import Relation, Unread, Whole


def relations(graph: Graph, node: Node) -> tuple[Relation, ...]:
    """How a node's results read each of its inputs along the sequence axis."""
    return definition(node.op).relation(node, graph.types(node.inputs))


NOWHERE: Final = "nowhere"
SOMEWHERE: Final = "somewhere"
EVERYWHERE: Final = "everywhere"


def reach(graph: Graph, seq_input: str) -> Mapping[str, str]:
    """How far an edit of an input reaches into each value, whatever its site: ``NOWHERE``,
    ``SOMEWHERE`` (on a window, however wide) or ``EVERYWHERE`` (behind an op that reads all
    positions).
    """
    found = {value.name: NOWHERE for value in graph.inputs}
    found[seq_input] = SOMEWHERE
    for node in graph.nodes:
        pairs = zip(relations(graph, node), node.inputs, strict=True)
        read = {(found[name], type(how)) for how, name in pairs if not isinstance(how, Unread)}
        changed = {(where, how) for where, how in read if where != NOWHERE}
        whole = any(where == EVERYWHERE or how is Whole for where, how in changed)
        where = EVERYWHERE if whole else SOMEWHERE if changed else NOWHERE
        found.update((value.name, where) for value in node.results)
    return found


def change_ranges(graph: Graph, module: Module) -> Mapping[str, Range]:
    """Which positions of every value an edit of the sequence input alters, at each site.

    Raises VerifyError if the module has no sites or the graph no such input.
    """
    sites = module.sites
    if sites is None or module.seq_input not in graph.values:
        raise VerifyError("the module does not say which input is edited, or where")
    changes: dict[str, Range] = {}
    for value in graph.inputs:
        length = value.type.length
        if value.name == module.seq_input:
            changes[value.name] = Range(sites.array, sites.array + sites.width, length)
        else:
            changes[value.name] = Range.none(len(sites), length)
    for node in graph.nodes:
        pairs = list(zip(relations(graph, node), node.inputs, strict=True))
        for value in node.results:
            length = value.type.length
            found = [relation.forward(changes[name], length) for relation, name in pairs]
            changes[value.name] = (
                reduce(Range.join, found) if found else Range.none(len(sites), length)
            )
    return changes


def need_ranges(graph: Graph) -> Mapping[str, Interval]:
    """Which positions of every value some output can still see."""
    needs = {name: Interval(0, 0) for name in graph.values}
    for name in graph.outputs:
        needs[name] = Interval(0, graph.values[name].type.length)
    for node in reversed(graph.nodes):
        pairs = list(zip(relations(graph, node), node.inputs, strict=True))
        for value in node.results:
            for relation, name in pairs:
                length = graph.values[name].type.length
                needs[name] = needs[name].join(relation.backward(needs[value.name], length))
    return needs


def annotated(graph: Graph, module: Module) -> Graph:
    """The graph with both ranges on every value."""
    changes, needs = change_ranges(graph, module), need_ranges(graph)

    def fill(values: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple(replace(v, change=changes[v.name], need=needs[v.name]) for v in values)

    nodes = tuple(node.replace(results=fill(node.results)) for node in graph.nodes)
    return graph.replace(inputs=fill(graph.inputs), nodes=nodes)
