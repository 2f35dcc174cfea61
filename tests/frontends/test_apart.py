"""A layer that mixes the sequences of a batch, or says another shape than it gives, is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from fastism.errors import FastismWarning, LoweringError
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


class Shared(keras.Layer):
    """Divides by the number of sequences: no sequence matters to another, and the batch does."""

    def call(self, x: Any) -> Any:
        return ops.cumsum(x, axis=1) / ops.cast(ops.shape(x)[0], "float32")


class ByPlace(keras.Layer):
    """Scales each sequence by its place in the batch."""

    def call(self, x: Any) -> Any:
        return ops.cumsum(x, axis=1) * ops.cumsum(ops.ones_like(x), axis=0)


class Thirds(keras.Layer):
    """Looks at one other sequence, a little."""

    def call(self, x: Any) -> Any:
        return ops.cumsum(x, axis=1) + 0.01 * ops.roll(x, 1, axis=0)


@pytest.mark.parametrize("layer", [Shared, ByPlace, Thirds])
def test_the_batch_may_matter_in_no_way(layer: type[keras.Layer]) -> None:
    with pytest.raises(LoweringError, match="mixes the sequences of a batch"):
        lower(model_of(layer()))


def chaotic(kind: str, length: int) -> keras.Model:
    """A recurrent model that amplifies the last bit of a number to its whole range."""
    random = np.random.default_rng(0)
    layer = {"LSTM": layers.LSTM, "GRU": layers.GRU}[kind](128)
    model = model_of_length(length, layer)
    gates = layer.cell.kernel.shape[1]
    kernel = random.normal(0, 1, (4, gates))
    kernel[:, :256] = -3 if kind == "LSTM" else 0
    layer.cell.kernel.assign(kernel)
    layer.cell.recurrent_kernel.assign(random.normal(0, 16 / 128**0.5, (128, gates)))
    return model


def model_of_length(length: int, function: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((length, 4))
    return keras.Model(inputs, function(inputs))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("place", ["own", "nested", "whole"])
def test_amplified_rounding_is_no_mixing(kind: str, place: str) -> None:
    model = chaotic(kind, 250)
    if place != "own":
        inputs = keras.Input((250, 4))
        inner = model if place == "nested" else Wrapped(model)
        model = keras.Model(inputs, inner(inputs))
    assert [node.op for node in lower(model).module.graphs[-1].nodes] == ["opaque"]


class Wrapped(keras.Layer):
    """A layer that runs a model of its own."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def call(self, x: Any) -> Any:
        return self.inner(x)


def test_a_long_recurrent_layer_is_traced_and_not_run_step_by_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    eager: list[Any] = []
    step = layers.LSTMCell.call

    def counted(self: Any, *given: Any, **options: Any) -> Any:
        eager.append(given)
        return step(self, *given, **options)

    model = model_of_length(300, layers.LSTM(3))
    monkeypatch.setattr(layers.LSTMCell, "call", counted)
    lower(model)
    assert len(eager) < 30


def test_a_layer_of_numbers_only_is_said_to_be_one() -> None:
    def numbers(x: Any) -> Any:
        return ops.convert_to_tensor(np.cumsum(np.asarray(x), axis=1))

    layer = layers.Lambda(numbers, output_shape=lambda shape: shape)
    with pytest.raises(LoweringError, match="runs on numbers only") as refused:
        lower(model_of(layer))
    assert refused.value.attempt == "write it with keras.ops, without numpy"


def test_what_a_program_does_not_take_is_said_by_its_kind() -> None:
    def doubles(x: Any) -> Any:
        return tf.cumsum(x, axis=1) * (1.0 if tf.executing_eagerly() else tf.ones(1, tf.float64))

    def chosen(x: Any) -> Any:
        x = tf.cumsum(x, axis=1)
        return x if tf.reduce_sum(x) > 1e9 else -x

    for function, attempt in ((doubles, "one element type"), (chosen, "not by an if of Python")):
        layer = layers.Lambda(function, output_shape=lambda shape: shape)
        with pytest.raises(LoweringError) as refused:
            lower(model_of(layer))
        assert attempt in str(refused.value.attempt)


class Sampling(keras.Layer):
    """Draws anew for every sequence, as in training."""

    def __init__(self) -> None:
        super().__init__()
        self.seed = keras.random.SeedGenerator(1)

    def call(self, x: Any) -> Any:
        return x + keras.random.normal(ops.shape(x), seed=self.seed)


class Noise(keras.Layer):
    """The same in TensorFlow."""

    def call(self, x: Any) -> Any:
        return x + tf.random.normal(tf.shape(x))


@pytest.mark.parametrize("layer", [Sampling, Noise])
def test_random_numbers_are_said_and_not_taken_for_mixing(layer: type[keras.Layer]) -> None:
    inputs = keras.Input((12, 4))
    drawn = layer()(inputs)
    with pytest.warns(FastismWarning, match="draws random numbers at prediction time"):
        lowered = lower(keras.Model(inputs, [drawn, ops.tanh(inputs)]))
    assert len(lowered.opaque) == 1
