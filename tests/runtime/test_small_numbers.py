"""Small numbers that an edit leaves over keep their digits, beside a larger reference."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from fastism import api
from fastism.passes.propagation.mutated import MutatedValues
from fastism.runtime.inputs import random_inputs
from tests.compare import assert_matches_model
from tests.runtime.functions import Function
from tests.zoo.registry import randomize

ON_WINDOWS = "flatten,canonicalize,annotate,segment{weigh=false},split,schedule"


def track(x: Any) -> Any:
    return layers.Conv1D(4, 3, padding="same", activation="relu")(x)


def entropy(x: Any) -> Any:
    p = ops.softmax(20.0 * x)
    return ops.sum(p * ops.log(p / 0.25 + 1e-8), -1, keepdims=True)


def by_power(x: Any) -> Any:
    return x * ops.rsqrt(layers.AveragePooling1D(3, 1, padding="same")(x * x) + 1e-8)


CASES: dict[str, Function] = {
    "logarithm": lambda x: ops.log(ops.relu(x - 0.4) + 1e-9),
    "logarithm_of_average": lambda x: ops.log(layers.AveragePooling1D(4)(ops.relu(x)) + 1e-7),
    "logarithm_of_part": lambda x: ops.log(ops.relu(x - 0.4)[:, 3:-2, ::-1] + 1e-9),
    "logarithm_of_input_like": lambda x: ops.log(ops.relu(ops.sign(x - 0.3)) + 1e-7),
    "shares": lambda x: (
        ops.relu(x - 0.5) / (ops.sum(ops.relu(x - 0.5), axis=-1, keepdims=True) + 1e-8)
    ),
    "exponentials": lambda x: ops.exp(20.0 * x) / ops.sum(ops.exp(20.0 * x), -1, keepdims=True),
    "softplus": lambda x: ops.log(1.0 + ops.exp(40.0 * x)),
    "entropy": entropy,
    "root": lambda x: ops.rsqrt(layers.AveragePooling1D(2)(ops.relu(x - 0.5)) + 1e-8),
    "by_power": by_power,
    "largest_channel": lambda x: ops.where(x >= ops.max(x, -1, keepdims=True), x, 0.0),
    "largest_channel_of_a_convolution": lambda x: (
        lambda y: ops.where(y >= ops.max(y, -1, keepdims=True), y, 0.0)
    )(layers.Conv1D(3, 3)(x)),
    "away": lambda x: x - 999.0 * ops.cast(x < 0.3, "float32"),
    "huge": lambda x: ops.tanh(layers.Conv1D(3, 3)(ops.exp(80.0 * x))),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore:.*infinite or huge")
def test_digits_are_kept(name: str) -> None:
    keras.utils.clear_session(free_memory=False)
    sequence = keras.Input((26, 4), name="sequence")
    model = keras.Model(sequence, CASES[name](track(sequence)))
    randomize(model, seed=5)
    plan = api.compile(model, pipeline=ON_WINDOWS)
    assert [node for node in plan.stage["segmented"].main.nodes if node.mode == "delta"]
    assert_matches_model(plan, model, random_inputs(plan.module.main, 3))


def test_a_logarithm_of_the_input() -> None:
    sequence = keras.Input((20, 4), name="sequence")
    model = keras.Model(sequence, layers.Conv1D(3, 3)(ops.log(sequence + 1e-7)))
    plan = api.compile(model, pipeline=ON_WINDOWS)
    assert_matches_model(plan, model, np.eye(4, dtype="f4")[np.arange(40).reshape(2, 20) % 4])


def test_what_only_linear_ops_read_stays_a_difference() -> None:
    """Values cost one more pass over memory; between convolutions they buy nothing."""
    sequence = keras.Input((40, 4), name="sequence")
    x = layers.Conv1D(4, 3, activation="relu", name="first")(sequence)
    x = layers.BatchNormalization(name="linear")(x)
    x = layers.Conv1D(4, 3, name="second")(x)
    x = layers.Activation("relu")(layers.BatchNormalization(name="behind")(x))
    x = layers.MaxPooling1D(2)(layers.BatchNormalization(name="between")(x))
    model = keras.Model(sequence, layers.Dense(2)(layers.Flatten()(x)))
    graph = api.compile(model, pipeline=ON_WINDOWS).stage["segmented"].main
    assert MutatedValues.of(graph).on_values == {"between"}
