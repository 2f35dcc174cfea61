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


@drawn("local", weight=3)
def activation(walk: Walk, x: Tensor) -> Tensor:
    """A function of one element, or of the channels."""
    make = walk.choice(
        [
            lambda name: layers.Activation(walk.choice(NAMES), name=name),
            lambda name: layers.Activation(walk.choice(NAMES), name=name),
            lambda name: layers.LeakyReLU(0.15, name=name),
            lambda name: layers.ELU(0.7, name=name),
            lambda name: layers.ReLU(1.5, 0.1, 0.2, name=name),
            lambda name: layers.Softmax(name=name),
            lambda name: layers.PReLU(shared_axes=[1], name=name),
            lambda name: layers.PReLU(name=name),
        ]
    )
    return make(walk.name("activation"))(x)


@drawn("local", weight=2)
def norm(walk: Walk, x: Tensor) -> Tensor:
    """Norms by fixed statistics, or over the channels."""
    channels = x.shape[2]
    some = np.linspace(-0.5, 0.5, channels)
    make = walk.choice(
        [
            lambda name: layers.BatchNormalization(name=name),
            lambda name: layers.BatchNormalization(scale=False, epsilon=0.1, name=name),
            lambda name: layers.BatchNormalization(axis=1, name=name),
            lambda name: layers.LayerNormalization(epsilon=0.01, name=name),
            lambda name: layers.LayerNormalization(center=False, epsilon=0.1, name=name),
            lambda name: layers.RMSNormalization(epsilon=0.01, name=name),
            lambda name: layers.Rescaling(0.5, offset=0.1, name=name),
            lambda name: layers.Normalization(mean=some, variance=some**2 + 0.5, name=name),
        ]
    )
    return make(walk.name("norm"))(x)


@drawn("local")
def inert(walk: Walk, x: Tensor) -> Tensor:
    """What only training minds."""
    make = walk.choice(
        [
            lambda name: layers.Dropout(0.3, name=name),
            lambda name: layers.SpatialDropout1D(0.3, name=name),
            lambda name: layers.GaussianNoise(0.3, name=name),
            lambda name: layers.Identity(name=name),
        ]
    )
    return make(walk.name("inert"))(x)


@drawn("local", weight=2)
def arithmetic(walk: Walk, x: Tensor) -> Tensor:
    """Operators and functions on tensors; none that jumps, which no rounding would survive."""
    length, channels = x.shape[1:]
    ramp = np.linspace(0.5, 1.5, length, dtype=np.float32)[:, None]
    rows = np.linspace(-1.0, 1.0, length * channels, dtype=np.float32).reshape(length, channels)
    expression = walk.choice(
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
    return expression()


@drawn("mixing")
def norm_over_positions(walk: Walk, x: Tensor) -> Tensor:
    """Norms whose mean and variance are those of the whole length."""
    channels = x.shape[2]
    groups = walk.choice([n for n in (1, 2, 3, channels) if channels % n == 0])
    make = walk.choice(
        [
            lambda name: layers.GroupNormalization(groups=groups, epsilon=0.01, name=name),
            lambda name: layers.LayerNormalization(axis=1, epsilon=0.01, name=name),
            lambda name: layers.LayerNormalization(axis=(1, 2), epsilon=0.01, name=name),
            lambda name: layers.Softmax(axis=1, name=name),
        ]
    )
    return make(walk.name("mixed_norm"))(x)


__all__ = ["NAMES"]
