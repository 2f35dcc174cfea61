"""Layers of a user's own: some that fastism reads, some that it can only run."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from fastism.frontends.keras.live.custom import register_layer
from fastism.testing.drawing.walk import SHORTEST, Tensor, Walk, drawn


@keras.saving.register_keras_serializable(package="fastism_testing")
class Gate(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """Plain code over a weight of its own for every position and channel."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weight."""
        self.factor = self.add_weight(shape=tuple(input_shape[1:]), name="factor")

    def call(self, x: Any) -> Any:
        """(N, L, C) to the same."""
        return x * ops.sigmoid(self.factor) + ops.tanh(x)


@keras.saving.register_keras_serializable(package="fastism_testing")
class Block(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """Layers within a layer, and a skip around them."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the layers."""
        self.first = layers.Conv1D(3, 3, padding="same", activation="relu")
        self.second = layers.Dense(input_shape[-1])
        self.first.build(input_shape)
        self.second.build((*input_shape[:-1], 3))

    def call(self, x: Any, training: bool | None = None) -> Any:
        """(N, L, C) to the same."""
        return x + self.second(self.first(x))


@keras.saving.register_keras_serializable(package="fastism_testing")
class Turn(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """Every position moved by one, the last to the front."""

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weight."""
        self.factor = self.add_weight(shape=(input_shape[-1],), name="factor")

    def call(self, x: Any) -> Any:
        """(N, L, C) to the same."""
        return ops.roll(x, 1, axis=1) * self.factor

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Said, since Keras takes ``x * 0.5`` for a sparse value, which it cannot roll."""
        return shape


@keras.saving.register_keras_serializable(package="fastism_testing")
class Running(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """The mean of every position and all in front of it."""

    def call(self, x: Any) -> Any:
        """(N, L, C) to the same."""
        return ops.cumsum(x, axis=1) / x.shape[1]

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Said for the same reason."""
        return shape


@keras.saving.register_keras_serializable(package="fastism_testing")
class Halves(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """The first channels, gated by as many others; and the gate."""

    def call(self, x: Any) -> tuple[Any, Any]:
        """(N, L, C) to two of (N, L, C // 2)."""
        value, gate = ops.split(x[..., : x.shape[-1] // 2 * 2], 2, axis=-1)
        return ops.tanh(value) * ops.sigmoid(gate), gate

    def compute_output_shape(self, shape: tuple[int, ...]) -> Any:
        """Said for the same reason."""
        half = (*shape[:-1], shape[-1] // 2)
        return half, half


@keras.saving.register_keras_serializable(package="fastism_testing")
class Neighbours(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """Pairs of positions, each weighed by how large it is in every channel."""

    def call(self, x: Any) -> Any:
        """(N, L, C) to (N, L // 2, C)."""
        half = x.shape[1] // 2
        pairs = ops.reshape(x[:, : half * 2], (-1, half, 2, x.shape[2]))
        return ops.sum(pairs * ops.softmax(pairs, axis=2), axis=2)

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Said for the same reason."""
        return (shape[0], shape[1] // 2, shape[2])


@keras.saving.register_keras_serializable(package="fastism_testing")
class Contrast(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """Every position less the second behind it, which is zero beyond the end."""

    def call(self, x: Any) -> Any:
        """(N, L, C) to the same."""
        return ops.tanh(x - ops.pad(x, ((0, 0), (0, 2), (0, 0)))[:, 2:])

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Said for the same reason."""
        return shape


register_layer(Contrast, kernel=3, padding=(0, 2))


def snake(x: Any) -> Any:
    """An activation that Keras does not have."""
    return x + ops.square(ops.sin(x))


@drawn("local", weight=2)
def own_code(walk: Walk, x: Tensor) -> Tensor:
    """A custom layer, activation or Lambda of plain ops; one is registered with its window."""
    layer = walk.call(
        [
            lambda name: Gate(name=name),
            lambda name: Turn(name=name),
            lambda name: Contrast(name=name),
            lambda name: layers.Dense(3, activation=snake, name=name),
            lambda name: layers.Lambda(lambda v: ops.clip(v, -1.0, 2.0) / 2.0, name=name),
            lambda name: layers.Lambda(lambda v: v[:, ::-1] * 0.5 + v, name=name),
        ],
        walk.name("own", live=walk.sketch.coarse),
    )
    return layer(x)


@drawn("local")
def own_parts(walk: Walk, x: Tensor) -> Tensor:
    """A layer that takes its input apart, and gives one result or two."""
    coarse = walk.sketch.coarse
    if x.shape[1] >= 2 * SHORTEST and walk.chance(0.5):
        return Neighbours(name=walk.name("neighbours", live=coarse))(x)
    if x.shape[2] < 2:
        return x
    value, gate = Halves(name=walk.name("halves", live=coarse))(x)
    return ops.concatenate([gate, value, x], axis=2) if walk.chance(0.5) else value


@drawn("mixing")
def live_code(walk: Walk, x: Tensor) -> Tensor:
    """Code that mixes positions in ways fastism has no rule for, or holds layers of its own."""
    layer = walk.call(
        [
            lambda name: Running(name=name),
            lambda name: Block(name=name),
            lambda name: layers.Lambda(lambda v: ops.cumsum(v, axis=1) / 8.0, name=name),
        ],
        walk.name("live", live=True),
    )
    return layer(x)
