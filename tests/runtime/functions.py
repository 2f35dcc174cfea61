"""A function between two convolutions: held against the model at every site, and where it stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers

from fastism import api
from fastism.runtime.inputs import random_inputs
from tests.compare import assert_matches_model
from tests.zoo.registry import randomize

Function = Callable[[Any], Any]
LENGTH, CHANNELS = 22, 4


def weights(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).uniform(0.5, 1.5, shape).astype(np.float32)


def model_of(function: Function, *, positive: bool = False) -> keras.Model:
    """A convolution, the function, a convolution: the function sees what deltas reach."""
    keras.utils.clear_session(free_memory=False)
    sequence = keras.Input((LENGTH, 4), name="sequence")
    x = layers.Conv1D(CHANNELS, 3, padding="same", name="before")(sequence)
    if positive:
        x = layers.Activation("softplus")(x)
    x = function(x)
    if len(x.shape) == 3:
        x = layers.Conv1D(2, 3, padding="same", name="after")(x)
    model = keras.Model(sequence, x)
    randomize(model, seed=7)
    return model


def stops_of(model: keras.Model) -> Mapping[str, str]:
    """Where locality ends, after the scores were held against the model's at every site."""
    plan = api.compile(model, backend="reference")
    assert_matches_model(plan, model, random_inputs(plan.module.main))
    nodes = plan.stage["segmented"].main.nodes
    assert not [node.name for node in nodes if node.op == "opaque"]
    return {node.op: node.stop for node in nodes if node.stop}


def assert_stops(function: Function, expected: Mapping[str, str]) -> None:
    """Locality ends at these ops, for these reasons, and beyond that where values meet."""
    found = stops_of(model_of(function))
    meets = {op for op, why in found.items() if why == "meets a value that is changed everywhere"}
    assert {op: why for op, why in found.items() if op not in meets} == expected
