"""Drop the ops that return their input at prediction time."""

from __future__ import annotations

from fastism.ir.graph import Node, Rewritten
from fastism.ir.ops import definition
from fastism.passes.canonicalization.scope import Scope


def drop_identity(node: Node, scope: Scope) -> Rewritten:
    """``%drop = dropout(%x)``: uses of ``%drop`` become uses of ``%x``.

    So too a crop of nothing, an upsampling by one, a flatten of what is flat. A graph output that
    was ``%drop`` is ``%x`` from now on, even where that is a graph input or an output already.
    """
    op = definition(node.op)
    if op.identity:
        return node.inputs[0]
    if op.in_order and node.type == scope.graph.values[node.inputs[0]].type:
        return node.inputs[0]
    return node
