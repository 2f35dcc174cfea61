"""Masks: which positions of a value count.

Keras hangs a mask on a tensor, out of sight of the graph of layers, and takes it off again where a
layer reads it. Here a mask is a value of its own, f32 (N, L, 1), one where the position counts. A
node that runs a live layer takes the masks of its tensors as further inputs and returns those of
its results.
"""

from __future__ import annotations

import inspect
from typing import Any

import keras
from keras.src.backend import get_keras_mask, set_keras_mask
from keras.src.utils.python_utils import is_default

from fastism.frontends.keras.calls.call import Call, Expression, of_keras


def makes_mask(operation: Any) -> bool:
    """Whether a layer, or one inside it, may give a value without a mask one."""
    return isinstance(operation, keras.Layer) and any(
        (not of_keras(layer) and not is_default(layer.compute_mask))
        or isinstance(layer, keras.layers.Masking)
        or bool(getattr(layer, "mask_zero", False))
        or (isinstance(layer, keras.layers.Lambda) and layer.mask is not None)
        for layer in operation._flatten_layers()
    )


def reads_mask(call: Call) -> bool:
    """Whether the values of the results may depend on the masks of the tensors.

    Of the layers of Keras with one tensor, those that read its mask have an argument for it; one of
    several tensors may look for masks by itself, as Multiply does.
    """
    layer = call.operation
    if not isinstance(layer, keras.Layer):
        return False
    if not of_keras(layer) or call.pattern != (0,):
        return True
    if isinstance(layer, keras.layers.BatchNormalization):
        return False  # it reads the mask in training alone
    return "mask" in inspect.signature(layer.call).parameters


def passes_mask(call: Call, expression: Expression) -> bool:
    """Whether the result has its input's mask, for a call that does not read it.

    It has where the layer says so, and where the operation returns the very tensor it is given,
    with all that hangs on it.
    """
    operation = call.operation
    identical = all(step.op == "identity" for step in expression.steps)
    return identical or (isinstance(operation, keras.Layer) and bool(operation.supports_masking))


def hang(tensor: Any, mask: Any) -> Any:
    """A copy of a tensor, with a mask (N, ..., 1) on it as Keras hangs it."""
    copy = keras.ops.copy(tensor)
    set_keras_mask(copy, keras.ops.cast(keras.ops.squeeze(mask, -1), "bool"))
    return copy


def bare(tensor: Any) -> Any:
    """A tensor without the mask that Keras has hung on it: who reads that is given it."""
    return tensor if get_keras_mask(tensor) is None else keras.ops.copy(tensor)


def masks_of(results: list[Any]) -> list[Any]:
    """The masks that hang on tensors, f32 (N, ..., 1); None where there is none."""
    found = [get_keras_mask(result) for result in results]
    return [
        None if mask is None else keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)
        for mask in found
    ]
