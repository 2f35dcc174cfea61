"""Code written in TensorFlow and its backend module, which fastism reads from its graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers
from tensorflow.keras import backend

from fastism.testing.drawing.walk import LONGEST, SHORTEST, Tensor, Walk, drawn


class Written(keras.Layer):  # type: ignore[misc]  # Keras is not typed
    """A layer of TensorFlow's own operations, with a kernel of its own; dilated as that does it."""

    def __init__(self, filters: int, width: int, dilation: int, padding: str, name: str) -> None:
        super().__init__(name=name)
        self.filters, self.width = filters, width
        self.dilation, self.padding = dilation, padding

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the kernel."""
        self.kernel = self.add_weight(
            shape=(self.width, input_shape[-1], self.filters), name="kernel"
        )

    def call(self, x: Any, training: bool | None = None) -> Any:
        """(N, L, C) to (N, L', filters)."""
        if training:
            x = x + tf.random.normal(tf.shape(x), dtype=x.dtype)
        kernel = tf.cast(self.kernel, x.dtype)
        found = tf.nn.convolution(x, kernel, 1, self.padding, dilations=self.dilation)
        return found * tf.sigmoid(1.702 * found)

    def compute_output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Said, since Keras asks for it."""
        lost = (self.width - 1) * self.dilation if self.padding == "VALID" else 0
        return (shape[0], shape[1] - lost, self.filters)


def constant(walk: Walk, *shape: int) -> Any:
    """Random numbers to be written into code, and a function that casts them to a tensor's type."""
    numbers = walk.random.normal(size=shape) / math.sqrt(max(math.prod(shape[:-1]), 1))
    return lambda like: tf.constant(numbers, like.dtype)


def written(walk: Walk, x: Tensor, code: Callable[[Any], Any], kind: str) -> Tensor:
    """A Lambda of some code."""
    shape = code(tf.zeros((2, *x.shape[1:]), x.dtype)).shape[1:]
    name = walk.name(kind, live=walk.sketch.coarse)
    return layers.Lambda(code, output_shape=tuple(shape), name=name)(x)


@drawn("local")
def element_code(walk: Walk, x: Tensor) -> Tensor:
    """Functions of every element."""
    low, share = float(walk.random.normal()), float(walk.random.uniform(0.1, 0.9))
    options: list[Callable[[Any], Any]] = [
        tf.nn.gelu,
        tf.nn.swish,
        lambda v: tf.nn.leaky_relu(v, share),
        lambda v: v * tf.tanh(tf.nn.softplus(v)),
        lambda v: tf.clip_by_value(v, low, low + 1.0),
        lambda v: tf.pow(tf.constant(2.0, v.dtype), tf.minimum(v, 2.0)) - 1.0 / (1.0 + v * v),
        lambda v: tf.math.divide_no_nan(v, tf.nn.relu(v) + 0.5),
        lambda v: tf.math.log1p(tf.exp(-tf.abs(v))) + tf.maximum(v, 0.0),
        lambda v: backend.relu(v, alpha=share, max_value=1.5),
        lambda v: backend.softsign(v) + backend.square(backend.sin(v)),
    ]
    if not walk.sketch.coarse:  # a jump turns the rounding of half precision into another number
        options += [
            lambda v: tf.where(v > low, v, share * v),
            lambda v: v * tf.cast(tf.logical_or(v < -share, v > share), v.dtype),
            lambda v: backend.hard_sigmoid(v) - backend.sign(v) * share,
            lambda v: backend.switch(backend.greater(v, low), v, backend.elu(v)),
        ]
    code = walk.choice(options)
    if walk.chance(0.3):
        name = walk.name("activated", live=walk.sketch.coarse)
        return layers.Conv1D(walk.between(1, 5), 3, padding="same", activation=code, name=name)(x)
    return written(walk, x, code, "element")


@drawn("local")
def channel_code(walk: Walk, x: Tensor) -> Tensor:
    """Functions of the channels of a position."""
    channels, units = x.shape[2], walk.between(1, 5)
    order = walk.random.permutation(channels).tolist()
    kernel, bias = constant(walk, channels, units), constant(walk, units)
    scale = constant(walk, channels)

    def normalized(v: Any) -> Any:
        mean, variance = tf.nn.moments(v, axes=[-1], keepdims=True)
        return (v - mean) * tf.math.rsqrt(variance + 0.1)

    code = walk.choice(
        [
            normalized,
            lambda v: tf.nn.softmax(v),
            lambda v: tf.gather(v, order, axis=-1),
            lambda v: tf.matmul(v, kernel(v)) + bias(v),
            lambda v: tf.einsum("nlc,cd->nld", v, kernel(v)),
            lambda v: tf.tensordot(v, kernel(v), 1),
            lambda v: tf.concat([v, tf.reduce_max(v, axis=-1, keepdims=True)], axis=-1),
            lambda v: tf.cumsum(v, axis=-1) / channels,
            lambda v: tf.reduce_logsumexp(v, axis=-1, keepdims=True) - v,
            lambda v: tf.stack(tf.unstack(v, axis=-1)[::-1], axis=-1) * scale(v),
            lambda v: tf.reduce_mean(tf.stack([v, v * v], axis=2), axis=2),
            lambda v: backend.dot(v, kernel(v)),
            lambda v: backend.l2_normalize(v + 0.5, axis=-1),
            lambda v: v * backend.sigmoid(backend.mean(v, axis=-1, keepdims=True)),
            lambda v: backend.bias_add(backend.tile(v, (1, 1, 2))[..., :channels], scale(v)),
        ]
    )
    return written(walk, x, code, "channels")


@drawn("local", weight=2)
def position_code(walk: Walk, x: Tensor) -> Tensor:
    """Functions that move positions, or take several of them."""
    length, channels = x.shape[1:]
    filters, width = walk.between(1, 4), walk.between(1, min(5, length))
    kernel = constant(walk, width, channels, filters)
    rate, size = walk.between(1, 4), walk.between(2, 3)
    left, right = walk.between(0, 3), walk.between(0, 3)
    options: list[Callable[[Any], Any]] = [
        lambda v: tf.reverse(v, axis=[1]),
        lambda v: backend.reverse(v, axes=(1, 2)),
        lambda v: tf.concat([v, tf.reverse(v, [1, 2])], axis=-1),
        lambda v: tf.roll(v, left, axis=1) + v,
        lambda v: tf.maximum(v, tf.pad(v, [[0, 0], [right, 0], [0, 0]])[:, :length]),
        lambda v: tf.nn.conv1d(v, kernel(v), 1, "SAME", dilations=rate),
        lambda v: backend.conv1d(v, kernel(v), padding="causal", dilation_rate=rate),
        lambda v: backend.permute_dimensions(
            tf.nn.relu(backend.permute_dimensions(v, (0, 2, 1))), (0, 2, 1)
        ),
        lambda v: tf.nn.max_pool1d(v, size, 1, "SAME"),
        lambda v: tf.squeeze(
            tf.nn.avg_pool2d(tf.expand_dims(v, 2), (size, 1), (1, 1), "SAME"), axis=2
        ),
    ]
    if length + left + right <= LONGEST:
        options += [
            lambda v: backend.temporal_padding(v, (left, right)),
            lambda v: tf.pad(v, [[0, 0], [left, right], [0, 0]], mode="REFLECT"),
            lambda v: tf.pad(v, [[0, 0], [left, right], [0, 0]], constant_values=0.25),
        ]
    if length * size <= LONGEST:
        options += [
            lambda v: tf.repeat(v, size, axis=1),
            lambda v: tf.image.resize(v[:, :, None], (size * length, 1), "nearest")[:, :, 0],
            lambda v: tf.nn.conv1d_transpose(
                v,
                tf.transpose(kernel(v), (0, 2, 1)),
                (tf.shape(v)[0], size * length, filters),
                size,
                "SAME",
            ),
        ]
    if length // size >= SHORTEST:
        whole = length // size * size

        def weighed(v: Any) -> Any:
            pools = tf.reshape(v[:, :whole], (-1, length // size, size, channels))
            return tf.reduce_sum(pools * tf.nn.softmax(pools, axis=-2), axis=-2)

        options += [
            weighed,
            lambda v: tf.nn.avg_pool1d(v, size, size, "VALID"),
            lambda v: v[:, left % size :: size],
            lambda v: tf.nn.conv1d(v, kernel(v), size, "SAME"),
        ]
    return written(walk, x, walk.choice(options), "positions")


@drawn("local")
def kernel_code(walk: Walk, x: Tensor) -> Tensor:
    """A convolution of a subclassed layer."""
    width, dilation = walk.between(1, 4), walk.between(1, 4)
    room = x.shape[1] - (width - 1) * dilation
    padding = walk.choice(["SAME", "VALID"]) if room >= SHORTEST else "SAME"
    name = walk.name("written", live=walk.sketch.coarse)
    return Written(walk.between(1, 5), width, dilation, padding, name)(x)


@drawn("mixing")
def summary_code(walk: Walk, x: Tensor) -> Tensor:
    """Every position times, or with, a summary of all."""
    length = x.shape[1]
    code = walk.choice(
        [
            lambda v: v * tf.sigmoid(tf.reduce_mean(v, axis=1, keepdims=True)),
            lambda v: v - backend.mean(v, axis=1, keepdims=True),
            lambda v: v / (1.0 + backend.max(backend.abs(v), axis=1, keepdims=True)),
            lambda v: v * backend.softmax(v, axis=1) * length,
            lambda v: tf.concat([v, tf.tile(tf.reduce_max(v, 1, True), [1, length, 1])], -1),
            lambda v: v + backend.repeat(tf.reduce_logsumexp(v, axis=1), length) / length,
        ]
    )
    return written(walk, x, code, "summary")
