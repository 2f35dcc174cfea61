"""Activations, norms, weights of every position, noise, and plain arithmetic."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from fastism.testing.drawing.walk import Tensor, Walk, drawn

NAMES = (
    *("relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "tanh", "sigmoid"),
    *("hard_sigmoid", "hard_silu", "log_sigmoid", "softplus", "softsign", "softmax"),
    *("log_softmax", "leaky_relu", "tanh_shrink", "soft_shrink", "hard_tanh", "sparse_sigmoid"),
    *("sparse_plus", "squareplus"),
)
"""Activations of Keras by name, but for those that jump or grow without bound."""


def _widened(x: Tensor) -> bool:
    """Whether a layer computes in more than what it is given: a norm, which casts by itself, runs
    live then."""
    wide = keras.config.dtype_policy().compute_dtype == "float64"
    return wide and bool(x.dtype == "float32")


@drawn("local", weight=3)
def activation(walk: Walk, x: Tensor) -> Tensor:
    """A function of one element, or of the channels."""
    # No value is just there; in half precision rounding may decide on which side of a jump one is.
    jump = 0.0 if walk.sketch.coarse else 0.2137
    layer = walk.call(
        [
            lambda name: layers.Activation(walk.choice(NAMES), name=name),
            lambda name: layers.Activation(walk.choice(NAMES), name=name),
            lambda name: layers.LeakyReLU(0.15, name=name),
            lambda name: layers.ELU(0.7, name=name),
            lambda name: layers.ReLU(1.5, 0.1, jump, name=name),
            lambda name: _softmax(walk, -1, name),
            lambda name: layers.PReLU(shared_axes=[1], name=name),
            lambda name: layers.PReLU(name=name),
        ],
        walk.name("activation"),
    )
    return layer(x)


def _softmax(walk: Walk, axis: int, name: str) -> keras.Layer:
    """By a layer of its own, but for masked values: Keras gives it masks it cannot take."""
    if walk.sketch.masked:
        return layers.Activation("softmax", name=name)
    return layers.Softmax(axis=axis, name=name)


@drawn("local", weight=2)
def norm(walk: Walk, x: Tensor) -> Tensor:
    """Norms by fixed statistics, or over the channels."""
    channels = x.shape[2]
    some = np.linspace(-0.5, 0.5, channels)
    layer = walk.call(
        [
            lambda name: layers.BatchNormalization(name=name),
            lambda name: layers.BatchNormalization(scale=False, epsilon=0.1, name=name),
            lambda name: layers.BatchNormalization(axis=1, name=name),
            lambda name: layers.LayerNormalization(epsilon=0.01, name=name),
            lambda name: layers.LayerNormalization(center=False, epsilon=0.1, name=name),
            lambda name: layers.RMSNormalization(epsilon=0.01, name=name),
            lambda name: layers.Rescaling(0.5, offset=0.1, name=name),
            lambda name: layers.Normalization(mean=some, variance=some**2 + 0.5, name=name),
        ],
        walk.name("norm", live=_widened(x)),
    )
    return layer(x)


@drawn("local")
def inert(walk: Walk, x: Tensor) -> Tensor:
    """What only training minds."""
    layer = walk.call(
        [
            lambda name: layers.Dropout(0.3, name=name),
            lambda name: layers.SpatialDropout1D(0.3, name=name),
            lambda name: layers.GaussianNoise(0.3, name=name),
            lambda name: layers.Identity(name=name),
        ],
        walk.name("inert"),
    )
    return layer(x)


@drawn("local", weight=2)
def arithmetic(walk: Walk, x: Tensor) -> Tensor:
    """Operators and functions on tensors; none that jumps, which no rounding would survive."""
    length, channels = x.shape[1:]
    ramp = np.linspace(0.5, 1.5, length, dtype=np.float32)[:, None]
    rows = np.linspace(-1.0, 1.0, length * channels, dtype=np.float32).reshape(length, channels)
    return walk.call(
        [
            lambda: 1.0 - x / 2.0,
            lambda: x * 1.5 - 0.25,
            lambda: -x + np.linspace(-1, 1, channels, dtype=np.float32),
            lambda: ops.maximum(x, 0.1) - ops.minimum(x, -0.1),
            lambda: ops.clip(x, -0.5, 1.25),
            lambda: ops.log1p(ops.square(x)),
            lambda: ops.exp(-ops.absolute(x)),
            lambda: x / (1.0 + ops.abs(x)),
            lambda: ops.sqrt(ops.square(x) + 0.1),
            lambda: ops.sin(x) + ops.erf(x),
            lambda: x - ops.mean(x, axis=-1, keepdims=True),
            lambda: ops.concatenate([x, ops.max(x, axis=-1, keepdims=True)], axis=-1),
            lambda: ops.where(x > 0.37, 2.0 * x - 0.37, x),
            lambda: ops.tanh(x) * ops.convert_to_tensor(ramp),
            lambda: x + rows,
            lambda: ops.maximum(x, rows),
            lambda: ops.softmax(x) ** 2,
            lambda: keras.activations.relu(x, max_value=3.0, negative_slope=0.1),
            lambda: ops.squeeze(ops.expand_dims(x, 2) * 0.5, axis=2),
        ]
    )


@drawn("mixing")
def norm_over_positions(walk: Walk, x: Tensor) -> Tensor:
    """Norms whose mean and variance are those of the whole length."""
    channels = x.shape[2]
    groups = walk.choice([n for n in (1, 2, 3, channels) if channels % n == 0])
    layer = walk.call(
        [
            lambda name: layers.GroupNormalization(groups=groups, epsilon=0.01, name=name),
            lambda name: layers.LayerNormalization(axis=1, epsilon=0.01, name=name),
            lambda name: layers.LayerNormalization(axis=(1, 2), epsilon=0.01, name=name),
            lambda name: _softmax(walk, 1, name),
        ],
        walk.name("mixed_norm", live=_widened(x)),
    )
    return layer(x)


__all__ = ["NAMES"]
