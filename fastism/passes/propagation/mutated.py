"""Which linear ops run on mutated values, though differences would do.

A linear op takes deltas, and what reads its result adds the reference: ``reference + delta`` is the
mutated value up to the rounding of the reference. Behind a convolution that is all there is to be
had. Behind a non-linear op the mutated value itself is at hand, and what is built from it keeps
every digit: ``log(relu(x) + 1e-9)`` of a zero, ``p / (sum(p) + 1e-8)``, a comparison of equals.
"""

from __future__ import annotations

from typing import NamedTuple

from fastism.ir.analysis import relations
from fastism.ir.graph import Graph, Node
from fastism.ir.ops import definition
from fastism.ir.windows import POINTWISE


class MutatedValues(NamedTuple):
    """Where mutated values are used in a graph, whatever the sites.

    wanted: values that a non-linear op reads, or a linear one for it. on_values: names of the
    linear nodes that run on values.
    """

    wanted: frozenset[str]
    on_values: frozenset[str]

    @classmethod
    def of(cls, graph: Graph) -> MutatedValues:
        """Those of a segmented graph."""
        wanted = _wanted(graph)
        return cls(wanted, _on_values(graph, wanted))


def _on_values(graph: Graph, wanted: frozenset[str]) -> frozenset[str]:
    """The names of the linear nodes that run on values: those between two non-linear ops."""
    kept = {value.name for value in graph.inputs}
    found: set[str] = set()
    for node in graph.nodes:
        if node.mode != "delta":
            kept.update(value.name for value in node.results if node.mode == "reference")
        elif not definition(node.op).linear:
            kept.add(node.result.name)
        elif kept.issuperset(node.inputs):
            if definition(node.op).moves:
                kept.add(node.result.name)
            elif node.result.name in wanted and runs_on_values(graph, node):
                kept.add(node.result.name)
                found.add(node.name)
    return frozenset(found)


def runs_on_values(graph: Graph, node: Node) -> bool:
    """Whether a linear op is as cheap on values: pointwise ops are, and light ones, as averages."""
    op = definition(node.op)
    changed = (
        relation
        for relation, name in zip(relations(graph, node), node.inputs, strict=True)
        if not graph.values[name].window.is_none
    )
    return not op.moves and (op.light or all(relation == POINTWISE for relation in changed))


def _wanted(graph: Graph) -> frozenset[str]:
    """Values that a non-linear op reads, or a linear one for it."""
    found: set[str] = set()
    for node in reversed(graph.nodes):
        op = definition(node.op)
        linear = op.linear or bool(node.attributes.get("linear"))
        hands_on = op.light and node.mode == "delta" and node.result.name in found
        if node.mode in ("delta", "exit") and (not linear or hands_on):
            found.update(node.inputs)
    return frozenset(found)
