"""Element types: what a Keras operation computes in, and what fastism computes it in.

Half precision is computed in f32, with the weights rounded as the model rounds them. That is as
near to the model's own prediction as its rounding lets anything be, and the difference of two
predictions, which half precision drowns, survives.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import keras
from keras.src.backend.common.variables import AutocastScope

from fastism.frontends.keras.calls.call import HALF, Call, refuse
from fastism.ir.types import NUMPY_DTYPES, SHORT_DTYPES, TensorType

FLOATING = ("f32", "f64")
"""Element types fastism computes in."""
WHOLE = tuple(short for short in SHORT_DTYPES.values() if short[0] in "iu")
"""Element types of whole numbers, from which it casts."""


def element_type(dtype: Any) -> str | None:
    """The IR's element type for values of a Keras one; None for one the IR does not have."""
    name = keras.backend.standardize_dtype(dtype)
    return "f32" if name in HALF else SHORT_DTYPES.get(name)


def own_type(tensor: Any, type: TensorType) -> TensorType:
    """A value's type with the element type Keras gives it."""
    name = keras.backend.standardize_dtype(tensor.dtype)
    return TensorType(SHORT_DTYPES.get(name, type.dtype), type.shape)


def as_type(tensor: Any, type: TensorType) -> Any:
    """A tensor in the element type of ``type``; itself, where it is of that."""
    name = NUMPY_DTYPES[type.dtype]
    same = keras.backend.standardize_dtype(tensor.dtype) == name
    return tensor if same else keras.ops.cast(tensor, name)


def cast_call(call: Call, result: Any) -> Call:
    """The call on tensors of the element type it computes in; where they differ, they are cast.

    result: the symbolic result. Raises NotExpressible for types fastism does not compute in, and
    for a quantized layer.
    """
    layer = call.operation
    known: tuple[str, ...]
    if isinstance(layer, keras.Layer):
        if layer.quantization_mode:
            refuse(f"it computes in {layer.dtype_policy.name}")
        casts = layer.autocast or isinstance(layer, keras.layers.Embedding)
        wanted, known = element_type(layer.compute_dtype), FLOATING if casts else ()
    else:  # an operation promotes what it is given
        wanted, known = element_type(result.dtype), (*FLOATING, *WHOLE)
        if wanted == "bool":  # a comparison of what it is given
            wanted, known = call.types[0].dtype, ()
    if wanted not in FLOATING or any(t.dtype not in (wanted, *known) for t in call.types):
        given = ", ".join(map(str, call.types))
        refuse(f"it computes with {given} in {keras.backend.standardize_dtype(result.dtype)}")
    return replace(call, types=tuple(TensorType(wanted, type.shape) for type in call.types))


def compute_scope(operation: Any) -> AbstractContextManager[object]:
    """In it, a layer's weights are read rounded as the layer itself reads them."""
    if isinstance(operation, keras.Layer) and operation.autocast:
        return AutocastScope(operation.compute_dtype)  # type: ignore[no-any-return]
    return nullcontext()


def computed_in(model: keras.Model) -> frozenset[str]:
    """The element types anything in a model computes in, by Keras's names.

    Layers that only name an input, or that are made of others, do not count; operations between
    layers compute in the type of their results.
    """
    layers = [model, *model._flatten_layers(include_self=False)]
    leaves = [
        layer
        for layer in layers
        if type(layer).__name__ != "InputLayer" and not getattr(layer, "_layers", ())
    ]
    between = {
        str(tensor.dtype)
        for layer in layers
        for operation in getattr(layer, "operations", ())
        if not hasattr(operation, "compute_dtype")
        for node in operation._inbound_nodes
        for tensor in node.outputs
    }
    return frozenset(between | {layer.compute_dtype for layer in leaves})
