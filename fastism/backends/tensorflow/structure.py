"""Opaque layers: the live layer runs itself."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.errors import PlanError
from fastism.ir.graph import Node
from fastism.ir.ops.structure import IDENTITIES


@emits("opaque")
@emits("windowed_opaque")
def opaque(node: Node, inputs: Sequence[Tensor], constants: Constants) -> list[Tensor]:
    """The results of the live layer, in inference mode; of what is linear of it, on a delta."""
    key = str(node["key"])
    if key not in constants.opaque:
        layer = node.origin.layer if node.origin else key
        raise PlanError(f"the live layer {layer!r} is needed to run this program, and is not there")
    options = {"delta": True} if node.attributes.get("delta") else {}
    return list(constants.opaque[key](*inputs, **options))


def _same(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    return inputs[0]


for _name in IDENTITIES:
    emits(_name)(_same)
