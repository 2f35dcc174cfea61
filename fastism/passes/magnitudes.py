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

LARGE: Final = 1e3
"""Factors and fillings of this size or more; f32 has seven digits, and scores should keep four."""

WHY: Final = f"brings in numbers of {LARGE:,.0f} and more, whose differences lose the smaller ones"


def brings_large(module: Module, graph: Graph, node: Node) -> bool:
    """Whether a node multiplies by, or chooses, a weight that is large or infinite.

    What all values have in common, as a shift, drops out of a difference. Of a module without its
    weights nothing is known, and nothing large is found.
    """
    if node.op == "scale_shift":
        return _large(module, node.constant("scale"))
    if node.op in ("multiply", "select"):
        sources = [graph.producers.get(name) for name in node.inputs]
        constants = [s.constant("value") for s in sources if s is not None and s.op == "constant"]
        return any(_large(module, name) for name in constants)
    return False


def _large(module: Module, name: str | None) -> bool:
    data = None if name is None else module.constants[name].data
    return data is not None and bool(np.any(np.abs(data) >= LARGE))
