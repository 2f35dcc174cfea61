"""Convolutions, pools and dense layers, with every option they have."""

from __future__ import annotations

from typing import Any

from keras import layers

from fastism.testing.drawing.walk import LONGEST, SHORTEST, WIDEST, Tensor, Walk, drawn

ACTIVATIONS = ("linear", "relu", "relu", "tanh", "gelu", "sigmoid", "elu")


def window(walk: Walk, x: Tensor, paddings: tuple[str, ...], widest: int = 7) -> dict[str, Any]:
    """A width, stride, dilation and padding that leave enough positions."""
    length = x.shape[1]
    dilation = walk.choice([1, 1, 1, 2, 3, 4])
    stride = walk.choice([1, 1, 2, 3]) if dilation == 1 else 1
    padding = walk.choice(paddings)
    if padding == "valid":
        widest = min(widest, (length - (SHORTEST - 1) * stride - 1) // dilation + 1)
    if widest < 1 or -(-length // stride) < SHORTEST:
        stride, padding, widest = 1, "same", 7
    return {
        "kernel_size": walk.between(1, widest),
        "strides": stride,
        "dilation_rate": dilation,
        "padding": padding,
    }


@drawn("local", weight=6)
def convolution(walk: Walk, x: Tensor) -> Tensor:
    """Any padding, width, dilation, stride and groups that fit."""
    channels = x.shape[2]
    groups = walk.choice([g for g in (1, 1, 1, 2, 3, channels) if channels % g == 0])
    layer = layers.Conv1D(
        groups * walk.between(1, max(1, 6 // groups)),
        **window(walk, x, ("same", "valid", "causal")),
        groups=groups,
        use_bias=walk.chance(0.8),
        activation=walk.choice(ACTIVATIONS),
        name=walk.name("conv"),
    )
    return layer(x)


@drawn("local")
def depthwise(walk: Walk, x: Tensor) -> Tensor:
    """One or more filters a channel."""
    layer = layers.DepthwiseConv1D(
        **window(walk, x, ("same", "valid"), 5),
        depth_multiplier=walk.between(1, min(3, WIDEST // x.shape[2])),
        activation=walk.choice(ACTIVATIONS),
        name=walk.name("depthwise"),
    )
    return layer(x)


@drawn("local")
def separable(walk: Walk, x: Tensor) -> Tensor:
    """A depthwise convolution, then one over channels."""
    layer = layers.SeparableConv1D(
        walk.between(2, 6),
        **window(walk, x, ("same", "valid"), 5),
        depth_multiplier=walk.between(1, 2),
        activation=walk.choice(ACTIVATIONS),
        name=walk.name("separable"),
    )
    return layer(x)


@drawn("local")
def transposed(walk: Walk, x: Tensor) -> Tensor:
    """More positions by a transposed convolution."""
    most = LONGEST // x.shape[1]
    stride = walk.between(1, min(3, most))
    layer = layers.Conv1DTranspose(
        walk.between(1, 6),
        walk.between(1, 6),
        strides=stride,
        padding=walk.choice(["same", "valid"]),
        use_bias=walk.chance(0.8),
        activation=walk.choice(ACTIVATIONS),
        name=walk.name("transposed"),
    )
    return layer(x)


@drawn("local", weight=3)
def pool(walk: Walk, x: Tensor) -> Tensor:
    """Largest or average, its stride its size or not, padded or not."""
    size = walk.between(1, 5)
    stride = walk.choice([size, size, 1, 2, 3, size + 1])
    padding = walk.choice(["valid", "same"])
    if (x.shape[1] - size) // stride + 1 < SHORTEST:
        stride, padding = 1, "same"
    layer = walk.choice([layers.MaxPooling1D, layers.AveragePooling1D])
    return layer(size, strides=stride, padding=padding, name=walk.name("pool"))(x)


@drawn("local")
def dense(walk: Walk, x: Tensor) -> Tensor:
    """Every position by the same matrix."""
    units, activation = walk.between(1, 6), walk.choice(ACTIVATIONS)
    return layers.Dense(units, activation=activation, name=walk.name("dense"))(x)


@drawn("local")
def time_distributed(walk: Walk, x: Tensor) -> Tensor:
    """A layer, called on one position at a time."""
    inner = walk.call(
        [
            lambda: layers.Dense(walk.between(1, 6), activation="tanh"),
            layers.LayerNormalization,
            lambda: layers.Activation("softmax"),
            lambda: layers.Dropout(0.3),
        ]
    )
    return layers.TimeDistributed(inner, name=walk.name("each"))(x)


__all__ = ["ACTIVATIONS", "window"]
