"""Give the activation inside a convolution or dense layer a node of its own."""

from __future__ import annotations

from dataclasses import replace

from fastism.ir.builder import complete
from fastism.ir.graph import Node, Rewritten
from fastism.passes.canonicalization.scope import Scope


def split_activation(node: Node, scope: Scope) -> Rewritten:
    """``%d = dense(%x) {activation=relu}`` becomes ``%d = dense(%x)``, ``%d.relu = relu(%d)``.

    The new node keeps the layer's origin, and takes the attributes' defaults. Raises VerifyError
    if no op has the activation's name.
    """
    op = node.attributes.get("activation", "linear")
    if not isinstance(op, str) or op == "linear":
        return node
    name = scope.unique(f"{node.name}.{op}")
    activation = Node(
        name=name,
        op=op,
        inputs=(node.result.name,),
        results=(replace(node.result, name=name),),
        attributes=complete(op, {}),
        origin=node.origin,
    )
    return node.with_attributes(activation="linear"), activation
