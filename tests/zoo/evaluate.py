"""Run a zoo model itself, on arrays named as its module names its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from fastism.ir.graph import Graph


def random_inputs(graph: Graph, rows: int = 2, seed: int = 7) -> dict[str, np.ndarray]:
    """Arrays of both signs for every input of a main graph, ``rows`` sequences of each."""
    random = np.random.default_rng(seed)
    return {
        value.name: random.normal(size=(rows, *value.type.shape[1:])).astype("float32")
        for value in graph.inputs
    }


def predict(model: Any, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """The model's predictions, in the order of its outputs; ``inputs`` in the order of its own."""
    arrays = list(inputs.values())
    structure = getattr(model, "_inputs_struct", None)
    nested = keras.tree.is_nested(structure)
    given = keras.tree.pack_sequence_as(structure, arrays) if nested else arrays[0]
    return [np.asarray(result) for result in keras.tree.flatten(model(given, training=False))]
