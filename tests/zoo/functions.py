"""Code of the user's, weights of every position, choices: what is written as several ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.zoo.common import LENGTH, keras, layers, ops, sequence
from tests.zoo.registry import small_model


def _conv(filters: int, width: int, activation: object = None) -> keras.Layer:
    return layers.Conv1D(filters, width, padding="same", activation=activation)


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@keras.saving.register_keras_serializable(package="zoo")
class Gate(keras.Layer):
    """Plain code over a weight of its own for every position and channel."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.factor = self.add_weight(shape=tuple(input_shape[1:]), name="factor")

    def call(self, x: Any) -> Any:
        return x * ops.sigmoid(self.factor) + ops.tanh(x)


def snake(x: Any) -> Any:
    """An activation that Keras does not have."""
    return x + ops.square(ops.sin(x))


@small_model()
def traced_code() -> keras.Model:
    """A layer, an activation and a Lambda of the user's."""
    inputs = sequence()
    x = _conv(5, 3, snake)(Gate(name="gate")(_conv(5, 3)(inputs)))
    x = layers.Lambda(lambda value: ops.clip(value, -1.0, 2.0) / 2.0, name="bounded")(x)
    return keras.Model(inputs, _flat(x))


@small_model()
def position_weights() -> keras.Model:
    """Constants and weights that differ from position to position."""
    inputs = sequence()
    ramp = np.linspace(0.5, 1.5, LENGTH, dtype=np.float32)[:, None]
    x = layers.PReLU()(_conv(5, 3)(inputs) * ramp)
    x = ops.maximum(_conv(4, 3)(x), ramp - 1.0) + layers.BatchNormalization(axis=1)(_conv(4, 3)(x))
    return keras.Model(inputs, _flat(_conv(3, 3)(x)))


@small_model()
def channel_reductions() -> keras.Model:
    """Norms and means over the channels, with their axis kept and without."""
    inputs = sequence()
    x = layers.RMSNormalization()(_conv(5, 3)(inputs))
    x = layers.UnitNormalization()(_conv(5, 3)(x)) - ops.max(x, axis=-1, keepdims=True)
    return keras.Model(inputs, layers.Dense(2, name="head")(ops.mean(x, axis=-1)))


@small_model()
def choices() -> keras.Model:
    """Comparisons, logic and thresholds."""
    inputs = sequence()
    x = _conv(5, 3)(inputs)
    x = ops.where(ops.logical_or(x > 0.3, x <= -0.2), x, _conv(5, 5)(x))
    x = ops.where(ops.equal(ops.relu(x), 0.0), 0.1 * x, ops.erf(x))
    return keras.Model(inputs, _flat(layers.Activation("hard_shrink")(_conv(4, 3)(x))))


@small_model()
def scaled_input() -> keras.Model:
    """Layers that scale the input, do nothing at prediction time, or wrap another layer."""
    inputs = sequence()
    x = layers.Rescaling(2.0, offset=-0.5)(inputs)
    x = layers.Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[0.5, 1.0, 1.5, 2.0])(x)
    x = layers.AlphaDropout(0.1)(_conv(5, 3)(x))
    x = layers.TimeDistributed(layers.Dense(4, activation="relu"))(x)
    return keras.Model(inputs, _flat(_conv(3, 3)(x)))


@small_model()
def group_norm() -> keras.Model:
    """A norm that mixes positions, and a gate of another rank."""
    inputs = sequence()
    x = layers.GroupNormalization(groups=2)(_conv(6, 3)(inputs))
    gate = layers.Dense(6, activation="sigmoid")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, _flat(layers.Multiply()([x, gate])))
