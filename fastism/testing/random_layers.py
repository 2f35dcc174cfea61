"""Random single layers over (N, L, C), and how values of different shapes meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeAlias, TypeVar

import keras
import numpy as np
from keras import layers

Tensor: TypeAlias = Any
_T = TypeVar("_T")

SHORTEST = 4
"""Layers that shorten a value leave at least so many positions..."""
LONGEST = 160
"""...and those that lengthen it, at most so many."""


class Walk:
    """Draws, and names that are the same for the same seed."""

    def __init__(self, random: np.random.Generator, prefix: str = "") -> None:
        self.random = random
        self._prefix = prefix
        self._count = count()

    def choice(self, options: Sequence[_T]) -> _T:
        """One of some options."""
        return options[int(self.random.integers(len(options)))]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.random.integers(low, max(low, high) + 1))

    def name(self, kind: str) -> str:
        """A layer name nobody has yet."""
        return f"{self._prefix}{kind}_{next(self._count)}"


def convolution(walk: Walk, x: Tensor) -> Tensor:
    """Any padding, width, dilation, stride and groups that fit."""
    length, channels = x.shape[1:]
    dilation = walk.choice([1, 1, 1, 2, 3, 4])
    stride = walk.choice([1, 1, 2, 3]) if dilation == 1 else 1
    padding = walk.choice(["same", "valid", "causal"])
    widest = 7
    if padding == "valid":  # leave enough outputs
        widest = min(7, (length - (SHORTEST - 1) * stride - 1) // dilation + 1)
    if widest < 1 or -(-length // stride) < SHORTEST:
        stride, padding = 1, "same"
    groups = walk.choice([g for g in (1, 1, 2, 3, channels) if channels % g == 0])
    return layers.Conv1D(
        groups * walk.between(1, max(1, 6 // groups)),
        walk.between(1, widest),
        strides=stride,
        dilation_rate=dilation,
        padding=padding,
        groups=groups,
        use_bias=walk.random.random() < 0.8,
        activation=walk.choice(["linear", "relu", "relu", "tanh"]),
        name=walk.name("conv"),
    )(x)


def depthwise(walk: Walk, x: Tensor) -> Tensor:
    """A depthwise or a separable convolution."""
    width, padding = walk.between(1, 4), "same"
    if walk.random.random() < 0.5:
        return layers.DepthwiseConv1D(width, padding=padding, name=walk.name("depthwise"))(x)
    filters = walk.between(2, 6)
    return layers.SeparableConv1D(filters, width, padding=padding, name=walk.name("separable"))(x)


def pool(walk: Walk, x: Tensor) -> Tensor:
    """Largest or average, its stride its size or not, padded or not."""
    size = walk.between(1, 4)
    stride = walk.choice([size, size, 1, 2, size + 1])
    padding = walk.choice(["valid", "same"])
    if (x.shape[1] - size) // stride + 1 < SHORTEST:
        stride, padding = 1, "same"
    layer = walk.choice([layers.MaxPooling1D, layers.AveragePooling1D])
    return layer(size, strides=stride, padding=padding, name=walk.name("pool"))(x)


def crop(walk: Walk, x: Tensor) -> Tensor:
    """Fewer positions."""
    room = max(0, x.shape[1] - SHORTEST)
    ends = (walk.between(0, min(5, room // 2)), walk.between(0, min(5, room // 2)))
    return layers.Cropping1D(ends, name=walk.name("crop"))(x)


def pad(walk: Walk, x: Tensor) -> Tensor:
    """More positions, of zeros."""
    return layers.ZeroPadding1D((walk.between(0, 4), walk.between(0, 4)), name=walk.name("pad"))(x)


def upsample(walk: Walk, x: Tensor) -> Tensor:
    """Each position several times, where the value is short enough."""
    factor = walk.between(2, 3)
    if x.shape[1] * factor > LONGEST:
        return pad(walk, x)
    return layers.UpSampling1D(factor, name=walk.name("upsample"))(x)


def norm(walk: Walk, x: Tensor) -> Tensor:
    """Batch or layer norm."""
    layer = walk.choice([layers.BatchNormalization, layers.LayerNormalization])
    return layer(name=walk.name("norm"))(x)


def activation(walk: Walk, x: Tensor) -> Tensor:
    """A function of one element, or of the channels."""
    kind = walk.choice(["relu", "elu", "gelu", "sigmoid", "softplus", "softmax", "swish", "relu6"])
    return layers.Activation(kind, name=walk.name(kind))(x)


def dense(walk: Walk, x: Tensor) -> Tensor:
    """Every position by the same matrix."""
    return layers.Dense(walk.between(1, 6), activation="relu", name=walk.name("dense"))(x)


Step: TypeAlias = Callable[[Walk, Tensor], Tensor]
LOCAL: tuple[Step, ...] = (
    convolution,
    convolution,
    convolution,
    depthwise,
    pool,
    pool,
    crop,
    pad,
    upsample,
    norm,
    activation,
    dense,
)
"""Steps of one layer, the commoner ones more than once."""


def meet(walk: Walk, values: Sequence[Tensor]) -> Tensor:
    """Bring values to one length, by cropping or padding, and combine them."""
    shorten = walk.random.random() < 0.7
    lengths = [value.shape[1] for value in values]
    length = min(lengths) if shorten else max(lengths)
    values = [_resized(walk, value, length) for value in values]
    combine = walk.choice(["concatenate", "add", "multiply", "maximum", "average", "subtract"])
    if combine == "subtract" and len(values) != 2:
        combine = "minimum"
    if combine == "concatenate":
        return layers.Concatenate(name=walk.name(combine))(values)
    channels = walk.choice([value.shape[-1] for value in values])
    values = [
        value
        if value.shape[-1] == channels
        else layers.Conv1D(channels, 1, name=walk.name("project"))(value)
        for value in values
    ]
    layer = getattr(layers, combine.capitalize())
    return layer(name=walk.name(combine))(values)


def _resized(walk: Walk, x: Tensor, length: int) -> Tensor:
    spare = x.shape[1] - length
    left = walk.between(0, abs(spare))
    ends = (left, abs(spare) - left)
    if spare > 0:
        return layers.Cropping1D(ends, name=walk.name("crop"))(x)
    if spare < 0:
        return layers.ZeroPadding1D(ends, name=walk.name("pad"))(x)
    return x


__all__ = ["LOCAL", "Tensor", "Walk", "keras", "meet"]
