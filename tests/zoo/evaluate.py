"""Run a zoo model itself, on arrays named as its module names its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from fastism.ir.module import Module
from fastism.runtime.inputs import random_inputs as runtime_inputs


def random_inputs(module: Module, rows: int = 2, seed: int = 7) -> dict[str, np.ndarray]:
    """Arrays of both signs for every input of a main graph, ``rows`` sequences of each."""
    random = np.random.default_rng(seed)
    rest = runtime_inputs(module.main, rows, seed)  # tokens, and other whole numbers
    return {
        value.name: rest[value.name]
        if value.name in module.tokens or value.type.dtype not in ("f32", "f64")
        else random.normal(size=(rows, *value.type.shape[1:])).astype("float32")
        for value in module.main.inputs
    }


def predict(model: Any, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The model's predictions, in the order of its outputs; ``inputs`` in the order of its own."""
    arrays = list(inputs.values())
    structure = getattr(model, "_inputs_struct", None)
    if structure is not None:  # a model may take its sequences with another axis
        shapes = [tensor.shape[1:] for tensor in keras.tree.flatten(structure)]
        pairs = zip(arrays, shapes, strict=True)
        arrays = [
            x.argmax(-1)
            if x.ndim > len(s) + 1
            else x.reshape(len(x), *map(int, s))
            if x.ndim < len(s) + 1
            else x
            for x, s in pairs
        ]
    nested = keras.tree.is_nested(structure)
    given = keras.tree.pack_sequence_as(structure, arrays) if nested else arrays[0]
    results = keras.tree.flatten(model(given, training=False))
    arrays = [np.asarray(keras.ops.convert_to_numpy(result)) for result in results]
    return [x.astype("float32") if x.dtype.name in ("float16", "bfloat16") else x for x in arrays]
