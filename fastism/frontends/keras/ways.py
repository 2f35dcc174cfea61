"""The ways a Keras model is called on arrays, in its own order and form of inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastism.frontends.base import Array, Call
from fastism.frontends.keras.calls.call import HALF
from fastism.frontends.keras.lowering.inputs import inputs_structure
from fastism.quiet import graph_function, keras, tf


def predict(model: keras.Model, inputs: Sequence[Array]) -> list[Array]:
    """Every output of a model, (N, ...), run op by op; half precision as float32, as a plan's."""
    outputs = keras.tree.flatten(model(_structured(model, inputs), training=False))
    return _arrays(outputs)


def layers(model: keras.Model, inputs: Sequence[Array]) -> dict[str, Array]:
    """What the layers of a model give, by name: those called once, with one result.

    Empty for a model that is no graph of layers (a subclassed one).
    """
    tensors: dict[str, Any] = {}
    for layer in model.layers:
        found = getattr(layer, "output", None)  # there is none where it is called never, or twice
        if isinstance(found, keras.KerasTensor):
            tensors[layer.name] = found
    try:
        asked = keras.Model(model.inputs, list(tensors.values()))
    except (AttributeError, ValueError):
        return {}
    return dict(zip(tensors, _arrays(asked(list(inputs), training=False)), strict=True))


def by_predict(model: keras.Model, batch: int) -> Call:
    """``model.predict`` in batches."""

    def call(inputs: Sequence[Array]) -> list[Array]:
        given = _structured(model, inputs)
        return _arrays(keras.tree.flatten(model.predict(given, batch_size=batch, verbose=0)))

    return call


def by_function(model: keras.Model, batch: int) -> Call:
    """The model as one ``tf.function`` over batches of a fixed size."""
    tensors = keras.tree.flatten(inputs_structure(model))
    function = graph_function(
        lambda *given: keras.tree.flatten(model(_structured(model, given), training=False)),
        input_signature=[
            tf.TensorSpec((None, *tensor.shape[1:]), keras.backend.standardize_dtype(tensor.dtype))
            for tensor in tensors
        ],
    )

    def call(inputs: Sequence[Array]) -> list[Array]:
        given = [
            np.asarray(array).astype(spec.dtype.as_numpy_dtype, copy=False)
            for array, spec in zip(inputs, function.input_signature, strict=True)
        ]
        starts = range(0, len(given[0]), batch)
        parts = [_arrays(function(*(x[start : start + batch] for x in given))) for start in starts]
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    return call


WAYS: Mapping[str, Callable[[keras.Model, int], Call]] = {
    "predict": by_predict,
    "tf.function": by_function,
}
"""The ways people call a model on many inputs, by the name shown in tables."""


def _structured(model: keras.Model, tensors: Sequence[Any]) -> Any:
    """Arrays in the order of the model's inputs, as the list or dict it was built with."""
    return keras.tree.pack_sequence_as(inputs_structure(model), list(tensors))


def _arrays(outputs: Sequence[Any]) -> list[Array]:
    arrays = [np.asarray(keras.ops.convert_to_numpy(output)) for output in outputs]
    return [x.astype(np.float32) if x.dtype.name in HALF else x for x in arrays]
