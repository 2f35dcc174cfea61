"""Where differences would lose digits: behind numbers so large that nothing small survives them.

A mask written as ``s + (1 - present) * -1e9``, or ``where(present, s, -1e9)``, makes the score of
an absent position -1e9. An edit that makes the position present changes it by 1e9, and from that
change no score of the size of 1 can be told: in f32, 1e9 is a multiple of 64. The values themselves
are exact, so such a node runs whole.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.passes.weights import weight

LARGE: Final = 1e4
"""Factors of this size or more of any value; f32 has seven digits."""
LOUD: Final = 100.0
"""Factors of a truth and fillings of this size or more: what an edit lets in or shuts out."""


def bring_large(module: Module) -> frozenset[str]:
    """The names of the nodes that multiply by, or choose, a weight that is large or infinite.

    What all values have in common, as a shift, drops out of a difference. Raises PassError for a
    module without the weights to look at.
    """
    graph, found = module.main, set[str]()
    truths = {value.name for value in graph.inputs}
    for node in graph.nodes:
        op, truth = definition(node.op), truths.issuperset(node.inputs)
        if op.size == "truth" or (truth and op.size == "kept"):
            truths.update(value.name for value in node.results)
        limit = LOUD if truth or op.lets_in == "all" else LARGE
        if any(_reaches(module, node, name, limit) for name in _weights(graph, node)):
            found.add(node.name)
    return frozenset(found)


def _weights(graph: Graph, node: Node) -> list[str | None]:
    """The constants that an op multiplies by, or chooses."""
    op = definition(node.op)
    own: list[str | None] = [
        name for role, name in node.constants if op.factors is None or role in op.factors
    ]
    if op.lets_in == "none":
        return own
    sources = [graph.producers.get(name) for name in node.inputs]
    return own + [s.constant("value") for s in sources if s is not None and s.op == "constant"]


def _reaches(module: Module, node: Node, name: str | None, limit: float) -> bool:
    return name is not None and bool(np.any(np.abs(weight(module, node, name)) >= limit))
