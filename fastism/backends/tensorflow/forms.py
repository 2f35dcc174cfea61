"""In which of its forms each node of a graph runs.

The option ``tensorflow.forms`` of a graph lists them, ``node:form``; a node that it leaves out runs
in the usual one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fastism.backends.tensorflow import spread
from fastism.errors import did_you_mean
from fastism.ir.graph import Attribute, Graph, Node
from fastism.ir.module import Module
from fastism.ir.place import Place

OPTION: Final = "tensorflow.forms"
SERVING: Final[Mapping[str, Callable[[Node, int], list[str]]]] = {"conv1d_spread": spread.serving}
"""By op that has several forms: those that serve a node and a width it reads, the usual first."""


def serving(graph: Graph, node: Node) -> list[str]:
    """The forms that serve a node, the usual one first; none where its op has but one."""
    if node.op not in SERVING:
        return []
    return SERVING[node.op](node, graph.values[node.inputs[0]].type.length)


def by_node(module: Module, graph: Graph, entries: Attribute) -> dict[str, str]:
    """The forms that the option of a graph lists, by node.

    Raises VerifyError for an entry that is no node of the graph, or a form that does not serve it.
    """
    found, nodes = {}, {node.name: node for node in graph.nodes}
    for entry in map(str, entries if isinstance(entries, tuple) else ()):
        name, _, form = entry.rpartition(":")
        at = Place(module, graph)
        if name not in nodes:
            why = "it lists forms as node:form, of nodes of the graph"
            at.refuse(f"has {entry!r} in {OPTION}", why, did_you_mean(name, nodes), part=OPTION)
        known = serving(graph, nodes[name])
        if form not in known:
            why = (
                f"forms of {nodes[name].op!r} here are {', '.join(known) or 'the usual one alone'}"
            )
            at.refuse(f"has {entry!r} in {OPTION}", why, did_you_mean(form, known), part=OPTION)
        found[name] = form
    return found
