"""Positions dropped, added, repeated, turned, split and joined."""

from __future__ import annotations

from keras import layers, ops

from fastism.testing.drawing.walk import LONGEST, SHORTEST, WIDEST, Tensor, Walk, drawn


@drawn("local")
def crop(walk: Walk, x: Tensor) -> Tensor:
    """Fewer positions."""
    room = max(0, x.shape[1] - SHORTEST)
    ends = (walk.between(0, min(5, room // 2)), walk.between(0, min(5, room // 2)))
    return layers.Cropping1D(ends, name=walk.name("crop"))(x)


@drawn("local")
def pad(walk: Walk, x: Tensor) -> Tensor:
    """More positions, of zeros."""
    return layers.ZeroPadding1D((walk.between(0, 4), walk.between(0, 4)), name=walk.name("pad"))(x)


@drawn("local")
def upsample(walk: Walk, x: Tensor) -> Tensor:
    """Each position several times, where the value is short enough."""
    factor = walk.between(2, 3)
    if x.shape[1] * factor > LONGEST:
        return pad(walk, x)
    return layers.UpSampling1D(factor, name=walk.name("upsample"))(x)


@drawn("local")
def part_of(walk: Walk, x: Tensor) -> Tensor:
    """A slice with any step, forwards or backwards, along the positions or the channels."""
    length, channels = x.shape[1:]
    if walk.chance(0.3):
        return x[..., :: walk.choice([-1, -2, 2] if channels > 1 else [-1])]
    step = walk.choice([1, 2, 3, -1, -2])
    if length // abs(step) < SHORTEST + 2:
        step = 1 if step > 0 else -1
    room = min(5, (length - SHORTEST * abs(step)) // 2)
    first, last = walk.between(0, room), walk.between(0, room)
    if step > 0:
        return x[:, first : length - last : step]
    return x[:, length - 1 - last : (first - 1 if first else None) : step]


@drawn("local")
def flip(walk: Walk, x: Tensor) -> Tensor:
    """The other way round, along the positions, the channels, or both."""
    return ops.flip(x, axis=walk.choice([1, 2, (1, 2)]))


@drawn("local", weight=2)
def reshape(walk: Walk, x: Tensor) -> Tensor:
    """Positions joined to channels, split from them, or neither evenly."""
    length, channels = x.shape[1:]
    size = length * channels
    options = [
        n
        for n in range(SHORTEST, min(LONGEST, size) + 1)
        if size % n == 0 and size // n <= 2 * WIDEST
    ]
    even = [n for n in options if n != length and (n % length == 0 or length % n == 0)]
    chosen = walk.choice(even if even and walk.chance(0.7) else options or [length])
    return layers.Reshape((chosen, size // chosen), name=walk.name("reshape"))(x)


@drawn("local")
def permute_channels(walk: Walk, x: Tensor) -> Tensor:
    """Channels as a table, turned, and in a row again."""
    length, channels = x.shape[1:]
    rows = walk.choice([n for n in (1, 2, 3, channels) if channels % n == 0])
    x = layers.Reshape((length, rows, channels // rows), name=walk.name("table"))(x)
    x = layers.Permute((1, 3, 2), name=walk.name("permute"))(x)
    return layers.Reshape((length, channels), name=walk.name("row"))(x)


@drawn("mixing")
def interleave(walk: Walk, x: Tensor) -> Tensor:
    """Positions dealt out like cards."""
    length, channels = x.shape[1:]
    hands = walk.choice([n for n in (1, 2, 3, 5) if length % n == 0])
    x = layers.Reshape((hands, length // hands, channels), name=walk.name("hands"))(x)
    x = layers.Permute((2, 1, 3), name=walk.name("deal"))(x)
    return layers.Reshape((length, channels), name=walk.name("pile"))(x)


@drawn("mixing")
def turn(walk: Walk, x: Tensor) -> Tensor:
    """Positions for channels, a dense layer over them, and back."""
    x = ops.swapaxes(x, 1, 2)
    x = layers.Dense(walk.between(SHORTEST, 16), name=walk.name("across"))(x)
    return layers.Permute((2, 1), name=walk.name("back"))(x)
