"""A layer that mixes the sequences of a batch, or says another shape than it gives, is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from fastism.errors import LoweringError
from fastism.frontends.keras.lowering.lower import lower


class FirstAlone(keras.Layer):
    """Treats the first sequence of a batch in its own way."""

    def call(self, x: Any) -> Any:
        return ops.slice_update(x, (0, 3, 0), ops.zeros((1, 2, 4)))


class Elsewhere(keras.Layer):
    """Says that it keeps the shape, and does not."""

    def call(self, x: Any) -> Any:
        return ops.cumsum(x[:, 1:], axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class Unsaid(keras.Layer):
    """Cannot say how long its result is."""

    def call(self, x: Any) -> Any:
        return ops.cumsum(x[:, 1:], axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], None, shape[2])


MIXING: dict[str, Callable[[Any], Any]] = {
    "softmax": layers.Softmax(axis=0),
    "unit norm": layers.UnitNormalization(axis=0),
    "flip": lambda x: ops.flip(x, axis=0),
    "flip everything": lambda x: ops.flip(x),
    "roll": lambda x: ops.roll(x, 1, axis=0),
    "cumsum": lambda x: ops.cumsum(x, axis=0),
    "centred": layers.Lambda(lambda x: x - ops.mean(x, axis=0, keepdims=True)),
    "first": FirstAlone(),
}


def model_of(function: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((12, 4))
    return keras.Model(inputs, function(inputs))


@pytest.mark.parametrize("name", MIXING)
def test_mixing_sequences_is_refused(name: str) -> None:
    with pytest.raises(LoweringError, match="mixes the sequences of a batch"):
        lower(model_of(MIXING[name]))


def test_another_shape_than_it_says_is_refused() -> None:
    with pytest.raises(LoweringError, match="gives a result of another shape"):
        lower(model_of(Elsewhere()))


def test_a_shape_that_is_not_said_is_looked_at() -> None:
    lowered = lower(model_of(Unsaid(name="unsaid")))
    assert [str(value.type) for value in lowered.module.main.nodes[0].results] == ["f32[N,11,4]"]


def test_a_batch_of_one_size_is_refused() -> None:
    inputs = keras.Input(batch_shape=(2, 12, 4))
    memory = layers.LSTM(3, stateful=True)
    model = keras.Model(inputs, memory(inputs))
    state = [np.array(each) for each in memory.states]
    with pytest.raises(LoweringError, match="batches of any size"):
        lower(model)
    np.testing.assert_array_equal(state, [np.array(each) for each in memory.states])
