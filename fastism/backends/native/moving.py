"""Ops that leave the numbers of values of many axes alone, and what they do it for."""

from __future__ import annotations

from typing import Final

from fastism.backends.native.rearranged import REARRANGED
from fastism.backends.native.support import has_native_form
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.passes.fuse import MEETS_REFERENCE, MOVES, REFERENCE

LINKS: Final = REARRANGED | {"slice"}
"""Ops that put numbers in other places, or leave some away, of values of any rank."""
BY_ROWS: Final = MEETS_REFERENCE | MOVES | REFERENCE | {"mask_outside"}
"""Ops that do something with positions, whatever axes stand behind these."""


def is_link(node: Node) -> bool:
    """Whether a node only puts the numbers of every item in other places."""
    return node.op in LINKS and node.type.dtype == "f32" and node.type.shape[0] == "M"


def is_by_rows(graph: Graph, node: Node) -> bool:
    """Whether a node of more axes than channels does nothing with those behind the positions."""
    if len(node.results) != 1 or node.type.rank <= 3 or node.type.dtype != "f32":
        return False
    if node.op in BY_ROWS:
        return True
    alike = all(type.shape == node.type.shape for type in graph.types(node.inputs))
    return definition(node.op).elementwise and not node.constants and alike


def wanted(module: Module, graph: Graph) -> frozenset[str]:
    """The nodes whose results leave the graph, or come, by such ops, to one with a native form.

    What only TensorFlow reads, it may as well move: a small delta is handed to it then, and not
    all that the delta is placed in.
    """
    found: set[str] = set()

    def is_native(user: Node) -> bool:
        if is_link(user) or is_by_rows(graph, user):
            return user.name in found
        return has_native_form(module, graph, user)

    for node in reversed(graph.nodes):
        for value in node.results:
            if value.name in graph.outputs or any(map(is_native, graph.users[value.name])):
                found.add(node.name)
    return frozenset(found)
