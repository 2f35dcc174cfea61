"""Numpy forms of the ops that stand for something else: no-ops, nested models, opaque layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastism.backends.base import location
from fastism.backends.reference.registry import Array, Context, implements
from fastism.errors import InputError
from fastism.ir.graph import Node
from fastism.ir.ops.structure import IDENTITIES


def identity(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The input: dropout and noise do nothing at prediction time."""
    return inputs[0]


for _op in IDENTITIES:
    implements(_op)(identity)


@implements("call")
def call(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Sequence[Array]:
    """The outputs of another graph of the module, given the inputs in order."""
    return context.call(str(node["graph"]), inputs)


@implements("opaque")
@implements("windowed_opaque")
def opaque(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Sequence[Array]:
    """Whatever the live layer returns; of what is linear of it, on a delta."""
    key = str(node["key"])
    if key not in context.opaque:
        raise InputError(
            f"the opaque layer {key!r} is not there",
            where=location(node),
            why="fastism cannot express the layer, so the layer itself must be given to run it",
            attempt=f"opaque={{{key!r}: a function from arrays to a list of arrays}}",
        )
    options = {"delta": True} if node.attributes.get("delta") else {}
    return context.opaque[key](*inputs, **options)
