"""A dense layer over every position is a convolution of width 1."""

from __future__ import annotations

from fastism.ir.builder import complete
from fastism.ir.graph import Node, Rewritten
from fastism.passes.canonicalization.scope import Scope


def dense_to_conv1d(node: Node, scope: Scope) -> Rewritten:
    """``%d = dense(%x: f32[N,L,C])`` becomes ``%d = conv1d(%x) {width=1}``.

    The kernel (C, F) is stored again as (1, C, F); the bias is shared. Values of more axes keep
    their dense layer.
    """
    if node.op != "dense" or node.type.rank != 3:
        return node
    kernel = scope.data(node, "kernel")
    assert kernel is not None
    name = scope.constant(node, "conv1d.kernel", kernel[None])
    return node.replace(
        op="conv1d",
        attributes=complete("conv1d", {"width": 1, "activation": node["activation"]}),
        constants=tuple((role, name if role == "kernel" else key) for role, key in node.constants),
    )
