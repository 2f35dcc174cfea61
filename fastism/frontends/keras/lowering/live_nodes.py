"""The node of a layer that is run live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from fastism.frontends.keras.calls.call import Call, of_keras
from fastism.frontends.keras.live.apart import check_apart
from fastism.frontends.keras.live.custom import WHOLE, declaration
from fastism.frontends.keras.live.masks import makes_mask
from fastism.frontends.keras.live.probe import OP, windowed_node
from fastism.frontends.keras.lowering.graph_state import GraphState
from fastism.ir.graph import Attribute
from fastism.ir.origin import Origin


def live_node(
    state: GraphState, call: Call, inputs: Sequence[str], origin: Origin, why: str
) -> Sequence[str]:
    """Add a node that runs the live layer; the names of its values.

    It is opaque, or runs on windows where its user registered it with one. why: what kept the layer
    from being expressed. Raises LoweringError for a layer that cannot be run so.
    """
    declared = declaration(call.operation)
    name = state.builder.unique(call.operation.name)
    masks = state.masks.given(inputs)
    layer = state.module.keep(
        state.path + name,
        operation=call.operation,
        arguments=(call.arguments, call.keywords),
        types=call.own or call.types,
        why=why,
        delta=declared.delta if declared else None,
        numpy=declared.numpy if declared else None,
        kept=call.kept,
        masked={index: state.builder.values[mask].type for index, mask in masks.items()},
    )
    if masks or makes_mask(call.operation):
        layer.find_masks()
    check_apart(layer, [name in state.rows for name in inputs])
    stop = "reads the mask of what it is given" if masks else None
    if declared is not None:
        stop = stop or ("gives its result a mask" if layer.masks else None)
        stop = stop or (WHOLE if declared.kernel is None else None)
    attributes: Mapping[str, Attribute]
    if declared is not None and stop is None:
        op, attributes = OP, windowed_node(layer, declared).attributes
    else:
        stop = stop or f"run by the live layer: {why}{_help(call.operation)}"
        op, attributes = "opaque", {"key": layer.key, "why": stop, "weights": layer.size}
    given = [*inputs, *masks.values()]
    results = state.add_all(op, given, name, attributes, origin, layer.result_types())
    count = len(results) - len(layer.masks)
    pairs = zip(layer.masks, results[count:], strict=True)
    state.masks.of.update((results[index], mask) for index, mask in pairs)
    return results[:count]


def _help(operation: Any) -> str:
    """What would keep a layer of the user's on windows; nothing for another, or a model."""
    own = type(operation).__module__.startswith("fastism.")
    if own or of_keras(operation) or isinstance(operation, keras.Model):
        return ""
    return " (fastism.register_layer declares its window, if it has one)"
