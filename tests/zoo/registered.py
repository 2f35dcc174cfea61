"""Layers of a user's own that are registered with the window they read."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastism
from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model


@keras.saving.register_keras_serializable(package="zoo")
class GatedConv(keras.Layer):
    """A convolution, and another that says how much of it passes."""

    def __init__(self, filters: int, width: int, **options: Any) -> None:
        convolution = {
            k: options.pop(k) for k in ("padding", "strides", "dilation_rate") if k in options
        }
        super().__init__(**options)
        self.options = {"filters": filters, "width": width, **convolution}
        self.conv = layers.Conv1D(2 * filters, width, **convolution)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.conv.build(input_shape)
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        value, gate = ops.split(self.conv(x), 2, axis=-1)
        return value * ops.sigmoid(gate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}


@keras.saving.register_keras_serializable(package="zoo")
class SoftMaxPool(keras.Layer):
    """The logarithm of the mean exponential of 6 positions, every 4; windows overlap."""

    def call(self, x: Any) -> Any:
        return ops.log(ops.average_pool(ops.exp(x), 6, 4, padding="same"))


@keras.saving.register_keras_serializable(package="zoo")
class Blur(keras.Layer):
    """A weighted mean of 5 positions; at its ends the sequence is mirrored. It has an offset."""

    WEIGHTS = (0.1, 0.2, 0.3, 0.25, 0.15)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.offset = self.add_weight(shape=(input_shape[-1],), name="offset")

    def call(self, x: Any) -> Any:
        padded = ops.pad(x, ((0, 0), (2, 2), (0, 0)), mode="reflect")
        length = x.shape[1]
        parts = [w * padded[:, k : k + length] for k, w in enumerate(self.WEIGHTS)]
        return sum(parts[1:], parts[0]) + self.offset

    def in_numpy(self, x: np.ndarray) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (2, 2), (0, 0)), mode="reflect")
        length = x.shape[1]
        parts = [w * padded[:, k : k + length] for k, w in enumerate(self.WEIGHTS)]
        return sum(parts[1:], parts[0]) + np.asarray(self.offset)


@keras.saving.register_keras_serializable(package="zoo")
class Squash(keras.Layer):
    """x / (1 + |x|), by a weight a channel."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.slope = self.add_weight(shape=(input_shape[-1],), name="slope")

    def call(self, x: Any) -> Any:
        return self.slope * x / (1.0 + ops.abs(x))


@keras.saving.register_keras_serializable(package="zoo")
class Blend(keras.Layer):
    """Two values, each position weighted by a third."""

    def call(self, first: Any, second: Any, weight: Any) -> Any:
        share = ops.sigmoid(weight)
        return share * first + (1.0 - share) * second


@keras.saving.register_keras_serializable(package="zoo")
class AttentionPool(keras.Layer):
    """The sum of all positions, weighted by a softmax of a score of each."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.score = self.add_weight(shape=(input_shape[-1], 1), name="score")

    def call(self, x: Any) -> Any:
        return ops.sum(x * ops.softmax(x @ self.score, axis=1), axis=1)


fastism.register_layer(
    GatedConv,
    kernel=lambda layer: layer.conv.kernel_size,
    stride=lambda layer: layer.conv.strides,
    dilation=lambda layer: layer.conv.dilation_rate,
    padding=lambda layer: layer.conv.padding,
)
fastism.register_layer(SoftMaxPool, kernel=6, stride=4, padding="same")
fastism.register_layer(Blur, kernel=5, padding=(2, 2), linear=True, numpy=Blur.in_numpy)
fastism.register_layer("Squash", pointwise=True)
fastism.register_layer(Blend, pointwise=True)
fastism.register_layer(AttentionPool, whole=True)


@small_model(windowed=["gate_1", "gate_2"])
def registered_gates() -> keras.Model:
    """Between layers that fastism knows, and behind a pool."""
    inputs = sequence(60)
    x = layers.Conv1D(5, 3, activation="relu")(inputs)
    x = layers.MaxPooling1D(2)(GatedConv(6, 5, padding="same", name="gate_1")(x))
    x = layers.Add()([x, GatedConv(6, 3, padding="causal", dilation_rate=2, name="gate_2")(x)])
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@small_model(windowed=["gate"])
def registered_on_input() -> keras.Model:
    """The first layer; every position is an output."""
    inputs = sequence(30)
    return keras.Model(inputs, GatedConv(3, 4, padding="same", name="gate")(inputs))


@small_model(windowed=["stride_same", "stride_valid", "pool"])
def registered_strided() -> keras.Model:
    """Strides that do not divide the length, and a wide one on few positions."""
    inputs = sequence(131)
    x = GatedConv(4, 5, padding="same", strides=2, name="stride_same")(inputs)
    x = GatedConv(4, 4, padding="valid", strides=3, name="stride_valid")(x)
    x = SoftMaxPool(name="pool")(x)
    return keras.Model(inputs, [x, layers.GlobalMaxPooling1D()(x)])


@small_model(windowed=["blur_1", "blur_2"])
def registered_linear() -> keras.Model:
    """Differences in, differences out; at the edges by a rule of the layer's own."""
    inputs = sequence(33)
    x = Blur(name="blur_1")(layers.Conv1D(4, 3, padding="same")(inputs))
    x = Blur(name="blur_2")(layers.Conv1D(4, 3, activation="tanh")(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@small_model(windowed=["squash", "blend"])
def registered_pointwise() -> keras.Model:
    """By the name of the class; and one of several values, one of which does not change."""
    inputs, track = sequence(40), keras.Input((40, 5), name="track")
    x = Squash(name="squash")(layers.Conv1D(5, 5, padding="same")(inputs))
    y = layers.Conv1D(5, 3, padding="same", activation="relu")(inputs)
    x = Blend(name="blend")(x, track, weight=y)
    return keras.Model([inputs, track], layers.Conv1D(2, 3)(x))


@small_model(opaque=["pool"], windowed=["gate"])
def registered_attention_pool() -> keras.Model:
    inputs = sequence(50)
    x = GatedConv(6, 5, padding="same", name="gate")(inputs)
    x = AttentionPool(name="pool")(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model(windowed=["gate", "blur"])
def registered_twice_along() -> keras.Model:
    """An edit changes two stretches, each followed on a window of its own."""
    inputs = sequence(40)
    x = layers.Conv1D(4, 3, padding="same")(inputs)
    x = layers.Concatenate(axis=1)([x, x])
    x = Blur(name="blur")(GatedConv(4, 5, padding="same", strides=2, name="gate")(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
