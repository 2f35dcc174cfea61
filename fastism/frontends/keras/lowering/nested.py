"""The call of a nested model: a node that calls its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from keras.src.models.functional import Functional

from fastism.frontends.keras.calls.call import Call, refuse
from fastism.frontends.keras.calls.dtypes import FLOATING, element_type
from fastism.frontends.keras.lowering.graph_state import GraphState
from fastism.frontends.keras.lowering.module_builder import Nested
from fastism.frontends.keras.lowering.tokens import vocabulary
from fastism.ir.origin import Origin
from fastism.ir.types import TensorType

LowerNested: TypeAlias = Callable[[str, Sequence[TensorType]], Nested]
"""From a graph's name and the types of its inputs to the nested model's graph."""


def call_node(
    state: GraphState,
    call: Call,
    inner: Functional,
    inputs: Sequence[str],
    origin: Origin,
    lower: LowerNested,
) -> Sequence[str]:
    """Add a call of a nested model's graph; the names of its values.

    Raises NotExpressible where it is called with other inputs than its graph has.
    """
    given = _given(state, call, inner, inputs, origin)
    types, name = state.types(given), call.operation.name
    graph, masked = state.module.nested(inner, types, name, lambda unique: lower(unique, types))
    attributes = {"graph": graph.name}
    results = state.add_all("call", given, name, attributes, origin, graph.types(graph.outputs))
    count = len(graph.outputs) - len(masked)
    masks = zip(masked, results[count:], strict=True)
    state.masks.of.update((results[index], mask) for index, mask in masks)
    return results[:count]


def _given(
    state: GraphState, call: Call, inner: Functional, inputs: Sequence[str], origin: Origin
) -> list[str]:
    """What the graph is called with: rows for tokens where it counts these, and casts."""
    call.require_plain()
    if len(call.arguments) != 1 or len(call.types) != len(inner.inputs):
        refuse("a nested model is called with another number of inputs than it has")
    if isinstance(call.arguments[0], dict) != isinstance(inner._inputs_struct, dict):
        refuse("a nested model is called with inputs of another structure than its own")
    name, given = call.operation.name, list[str]()
    for tensor, type, source in zip(inner.inputs, call.types, inputs, strict=True):
        wanted = TensorType(element_type(tensor.dtype) or type.dtype, type.shape)
        castable = {type.dtype, wanted.dtype} <= set(FLOATING)
        if len(tensor.shape) != type.rank or (type != wanted and not castable):
            refuse(f"a nested model converts its input {type} to {tensor.dtype}{tensor.shape}")
        if source in state.one_hot and vocabulary(inner, tensor) is not None:
            given.append(state.one_hot[source])
        elif type != wanted:
            given.append(state.cast(source, wanted, name, origin))
        else:
            given.append(source)
    return given
