"""Code of the user's: what is recorded is all it does, or the layer runs whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from fastism.frontends.keras.lowering.lower import lower


class Noisy(keras.Layer):
    """Draws random numbers at prediction time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seed = keras.random.SeedGenerator(3)

    def call(self, x: Any) -> Any:
        return x + keras.random.normal((1, 1, 4), seed=self.seed)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class Counting(keras.Layer):
    """Changes a variable at every call."""

    def build(self, shape: Any) -> None:
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x: Any) -> Any:
        self.count.assign_add(1.0)
        return x * 2.0


class Sneaky(keras.Layer):
    """Does to numbers what it does not do to symbolic tensors."""

    def call(self, x: Any) -> Any:
        return x * (1.0 if isinstance(x, keras.KerasTensor) else 2.0)


class Unlike(keras.Layer):
    """Draws numbers that Keras does not see."""

    def call(self, x: Any) -> Any:
        return x * np.random.default_rng().normal()

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class Trained(keras.Layer):
    """Asks whether it is trained."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x if training else x * 3.0


class Both(keras.Layer):
    """Two layers, one of them used twice."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.mix, self.drop = layers.Dense(4, activation="relu"), layers.Dropout(0.5)

    def build(self, shape: Any) -> None:
        self.mix.build(shape)

    def call(self, x: Any) -> Any:
        return self.drop(self.mix(self.mix(x)))


class Pair(keras.Layer):
    """Takes two values, and a number."""

    def call(self, values: Any, by: float = 1.0) -> Any:
        first, second = values
        return first * by - second


def lowered(function: Callable[[Any], Any]) -> Any:
    inputs = keras.Input((12, 4))
    return lower(keras.Model(inputs, function(inputs)))


def operations(function: Callable[[Any], Any]) -> list[str]:
    found = lowered(function)
    assert not found.opaque
    return [node.op for node in found.module.main.nodes]


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (Noisy(), "it draws random numbers, or changes variables"),
        (Counting(), "it draws random numbers, or changes variables"),
        (Sneaky(), "its code does something else on numbers"),
        (Unlike(), "its code does something else on numbers"),
        (
            layers.Lambda(lambda x: tf.bitcast(tf.bitcast(x, tf.int32), tf.float32)),
            "it uses TensorFlow's Bitcast, which fastism does not read",
        ),
        (layers.Lambda(lambda x: ops.cumsum(x, axis=1)), "it uses Cumsum: its axis is 1, not that"),
        (
            layers.Lambda(lambda x: ops.cumsum(x, axis=1)),
            "not that of the channels: an edit reaches every later position",
        ),
        (layers.Lambda(lambda x: ops.sort(x, axis=1)), "an edit moves every position that it pass"),
        (layers.Lambda(lambda x: ops.prod(x, axis=1)), "it uses Prod: it multiplies along an axis"),
        (
            layers.Lambda(lambda x: tf.abs(tf.signal.fft(tf.cast(x, tf.complex64)))),
            "it casts to complex64, as Fourier transforms do: every frequency is made of all",
        ),
        (
            layers.Lambda(lambda x: tf.einsum("blc,bmc->blm", x, x)),
            "it is a product of two tensors, f32[N,12,4] and f32[N,12,4]: every position meets",
        ),
        (layers.Lambda(lambda x: sum([x] * 500)), "operations long"),
        (layers.Dense(4, activation=lambda x: ops.argsort(x, axis=-1)), "it uses Argsort"),
        (layers.TimeDistributed(Unlike()), "its code does something else on numbers"),
    ],
)
def test_what_is_not_all_recorded_stays_opaque_and_says_why(
    layer: keras.Layer, reason: str
) -> None:
    (kept,) = lowered(layer).opaque.values()
    assert reason in kept.why


def test_it_is_recorded_as_at_prediction_time() -> None:
    (node,) = lowered(Trained()).module.main.nodes
    assert node.op == "scale_shift"


def test_layers_inside_are_expressed_by_their_own_handlers() -> None:
    assert operations(Both()) == ["dense", "dense", "dropout"]


def test_several_tensors_and_other_arguments_are_kept_apart() -> None:
    assert operations(lambda x: Pair()([x, ops.tanh(x)], by=2.0)) == [
        "tanh",
        "scale_shift",
        "subtract",
    ]


def test_every_step_is_known_by_the_users_layer() -> None:
    nodes = lowered(Both(name="both")).module.main.nodes
    assert {node.origin.layer for node in nodes if node.origin} == {"both"}
    assert [node.name for node in nodes] == ["both", "both/dense", "both/dropout"]


def test_the_live_model_is_left_as_it_was() -> None:
    layer = Both()
    inputs = keras.Input((12, 4))
    model = keras.Model(inputs, layer(inputs))
    calls = len(layer.mix._inbound_nodes)
    lower(model)
    assert len(layer.mix._inbound_nodes) == calls
    counting = Counting()
    lower(keras.Model(inputs, counting(inputs)))
    assert float(counting.count) == 0.0


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (lambda x: ops.sort(x, axis=-1), ["channel_sort"]),
        (lambda x: ops.cumsum(x, axis=2), ["dense"]),
        (ops.floor, ["floor"]),
        (lambda x: ops.round(x, 2), ["scale_shift", "round", "scale_shift"]),
        (ops.trunc, ["relu", "floor", "scale_shift", "relu", "floor", "subtract"]),
    ],
)
def test_what_works_along_the_channels_is_expressed(
    code: Callable[[Any], Any], found: list[str]
) -> None:
    assert operations(layers.Lambda(code)) == found


class Excited(keras.Layer):
    """Asks nobody whether it is trained."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.gate = layers.Dense(6, activation="sigmoid")

    def build(self, shape: Any) -> None:
        self.gate.build((shape[0], 1, shape[2]))

    def call(self, x: Any) -> Any:
        return x * self.gate(ops.mean(x, axis=1, keepdims=True))


class Odd(keras.Layer):
    """An operation that fastism does not know."""

    def call(self, x: Any) -> Any:
        return ops.fft2((x, x))[0]


class Stacked(keras.Layer):
    """Layers in a row, which it tells whether it is trained."""

    def __init__(self, last: keras.Layer) -> None:
        super().__init__()
        self.inner = keras.Sequential([layers.Conv1D(6, 3, padding="same"), last])

    def build(self, shape: Any) -> None:
        self.inner.build(shape)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.inner(x, training=training)


def test_layers_inside_that_do_not_ask_whether_they_are_trained() -> None:
    inputs = keras.Input((20, 4))
    lowered = lower(keras.Model(inputs, Stacked(Excited())(inputs)))
    assert lowered.opaque == {}


def test_a_model_inside_says_which_of_its_layers_is_not_known() -> None:
    inputs = keras.Input((20, 4))
    (layer,) = lower(keras.Model(inputs, Stacked(Odd())(inputs))).opaque.values()
    assert layer.why.startswith("it uses Sequential: it uses Odd: it uses FFT2:")
