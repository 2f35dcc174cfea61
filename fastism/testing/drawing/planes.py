"""Two-dimensional layers over a sequence with one more axis."""

from __future__ import annotations

from typing import TypeVar

from keras import layers

from fastism.testing.drawing.layers import ACTIVATIONS
from fastism.testing.drawing.walk import SHORTEST, WIDEST, Tensor, Walk, drawn

_T = TypeVar("_T")

NARROW = 4
"""Positions of the short axis, at most; layers that add some are drawn below that only."""


@drawn("local", weight=2)
def plane(walk: Walk, x: Tensor) -> Tensor:
    """Two axes, one of them short, a few layers over both, and one axis again."""
    length, channels = x.shape[1:]
    across = walk.choice([n for n in (1, 1, 2, channels) if channels % n == 0 and n <= NARROW])
    turned = across == 1 and walk.chance(0.4)
    shape = (1, length, channels) if turned else (length, across, channels // across)
    x = layers.Reshape(shape, name=walk.name("plane"))(x)
    for index in range(walk.between(1, 2)):
        part = walk.part(f"layer{index}", "layer over two axes")
        x = x if part is None else over_plane(part, x, 2 if turned else 1)
    return flat(walk, x, 2 if turned else 1)


def flat(walk: Walk, x: Tensor, axis: int) -> Tensor:
    """(N, L, W, C) with its length on an axis, as (N, L, W * C)."""
    width = x.shape[3 - axis]
    if axis == 2 and width > 1:
        x = layers.Permute((2, 1, 3), name=walk.name("upright"))(x)
    shape = (x.shape[2 if axis == 2 and width == 1 else 1], width * x.shape[3])
    return layers.Reshape(shape, name=walk.name("line"))(x)


def over_plane(walk: Walk, x: Tensor, axis: int) -> Tensor:
    """One layer over a plane whose length is on an axis (1 or 2)."""
    length, width = x.shape[axis], x.shape[3 - axis]

    def pair(along: _T, across: _T) -> tuple[_T, _T]:
        return (along, across) if axis == 1 else (across, along)

    padding = walk.choice(["same", "valid"])
    along, across = walk.between(1, min(5, length - SHORTEST)), walk.between(1, width)
    stride = walk.choice([1, 1, 2]) if length >= 2 * (SHORTEST + along) else 1
    strides = pair(stride, walk.choice([1, 1, 2]))
    kinds = ["conv", "conv", "depthwise", "separable", "pool", "transposed", "shape"]
    kind = walk.choice(kinds[:5] if width > NARROW else kinds)
    if kind == "conv":
        # TensorFlow itself is wrong on the CPU for some that are strided across alone.
        sound = strides if strides[0] == strides[1] else pair(stride, 1)
        layer = layers.Conv2D(
            walk.between(1, 5),
            pair(along, across),
            strides=sound,
            padding=padding,
            activation=walk.choice(ACTIVATIONS),
            name=walk.name("conv2d"),
        )
    elif kind in ("depthwise", "separable"):  # one stride for both axes
        one = stride if width == 1 or padding == "same" else 1
        options = {"strides": (one, one), "padding": padding, "name": walk.name(kind)}
        if kind == "depthwise":
            many = walk.between(1, max(1, min(2, WIDEST // x.shape[3])))
            layer = layers.DepthwiseConv2D(pair(along, across), depth_multiplier=many, **options)
        else:
            layer = layers.SeparableConv2D(walk.between(1, 5), pair(along, across), **options)
    elif kind == "pool":
        pool = walk.choice([layers.MaxPooling2D, layers.AveragePooling2D])
        side_by_side = walk.chance(0.8)  # pools that overlap across the length run live
        across = (
            walk.choice([n for n in (1, 2, width) if width % n == 0]) if side_by_side else across
        )
        strides = pair(stride, across) if side_by_side else strides
        size, name = pair(min(along, 3), across), walk.name("pool2d", live=not side_by_side)
        layer = pool(size, strides=strides, padding=padding, name=name)
    elif kind == "transposed":
        layer = layers.Conv2DTranspose(
            walk.between(1, 4),
            pair(along, across),
            strides=pair(stride, 1),
            padding=padding,
            name=walk.name("transposed2d"),
        )
    else:
        room, upright = min(2, length - SHORTEST), axis == 1  # else nothing may lie across
        beside, factors = (1 if upright else 0), (1, 2) if upright else (2, 1)
        layer = walk.call(
            [
                lambda name: layers.ZeroPadding2D(pair((1, 2), (beside, 0)), name=name),
                lambda name: layers.Cropping2D(pair((room // 2, room // 2), (0, 0)), name=name),
                lambda name: layers.UpSampling2D(pair(*factors), name=name),
                lambda name: layers.SpatialDropout2D(0.2, name=name),
                lambda name: layers.BatchNormalization(name=name),
            ],
            walk.name("shape2d"),
        )
    return layer(x)
