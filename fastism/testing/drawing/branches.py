"""Steps that part and meet: skips, both strands, U-nets, nested models, shared layers."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers, ops

from fastism.testing.drawing.walk import LONGEST, SHORTEST, WIDEST, Tensor, Walk, drawn


@drawn("branching", weight=3)
def branch(walk: Walk, x: Tensor) -> Tensor:
    """Two or three ways from one value, and one value again; a way may be the value itself."""
    ways = [x] if walk.chance(0.4) else []
    for index in range(walk.between(2 - len(ways), 3 - len(ways))):
        way = walk.part(f"way{index}", "a way")
        if way is not None:
            kinds = ("local", "local", "local", "local", "mixing")
            ways.append(way.steps("", way.between(1, 2), x, *kinds))
    return meet(walk, ways) if len(ways) > 1 else next(iter(ways), x)


@drawn("branching")
def joined(walk: Walk, x: Tensor) -> Tensor:
    """Values one behind the other along the positions."""
    sides = [walk.steps(side, 1, x, "local") for side in ("near", "far")]
    sides = [side for side in sides if side.shape[1] <= LONGEST // 2] or [x]
    if len(sides) == 1 or walk.chance(0.3):
        sides.append(sides[0])
    channels = sides[0].shape[-1]
    return layers.Concatenate(axis=1, name=walk.name("joined"))(
        [project(walk, side, channels) for side in sides]
    )


@drawn("branching", weight=2)
def strands(walk: Walk, x: Tensor) -> Tensor:
    """One convolution over a value and its mirror image, turned back or not."""
    axis = walk.choice([1, (1, 2)])
    mirror = ops.flip(x, axis=axis) if walk.chance(0.5) else x[:, ::-1, :: 1 if axis == 1 else -1]
    if walk.chance(0.3):
        return layers.Concatenate(name=walk.name("both"))([x, mirror])
    shared = layers.Conv1D(
        walk.between(1, 5),
        walk.between(1, 6),
        padding=walk.choice(["same", "causal"]),
        strides=walk.choice([1, 1, 2]) if x.shape[1] >= 2 * SHORTEST else 1,
        activation="relu",
        name=walk.name("shared"),
    )
    one, other = shared(x), shared(mirror)
    if walk.chance(0.5):
        other = ops.flip(other, axis=1)
    kind = walk.choice([layers.Add, layers.Maximum, layers.Average, layers.Concatenate])
    return kind(name=walk.name("strands"))([one, other])


@drawn("branching", weight=2)
def unet(walk: Walk, x: Tensor) -> Tensor:
    """Down, on, up again, and joined across; the way below may know all positions."""
    length, channels = x.shape[1:]
    factor = walk.choice([2, 3, 4])
    if length // factor < SHORTEST:
        return x
    deep = walk.call(
        [
            lambda: layers.MaxPooling1D(factor, padding="same", name=walk.name("down"))(x),
            lambda: layers.Conv1D(4, 3, factor, padding="same", name=walk.name("down"))(x),
        ]
    )
    deep = walk.steps("below", walk.between(1, 2), deep, "local", "local", "mixing", "branching")
    if deep.shape[1] * factor > 2 * LONGEST:
        factor = 1
    up = walk.call(
        [
            lambda: layers.UpSampling1D(factor, name=walk.name("up"))(deep),
            lambda: layers.Conv1DTranspose(
                channels, factor + 1, strides=factor, padding="same", name=walk.name("up")
            )(deep),
        ]
    )
    return meet(walk, [x, resized(walk, up, length)])


@drawn("branching")
def nested(walk: Walk, x: Tensor) -> Tensor:
    """A model within the model, called once, or twice on two values; of one or two results."""
    inner = keras.Input(x.shape[1:], dtype=x.dtype)
    y = walk.steps("inside", walk.between(1, 2), inner, "local", "local", "local", "mixing")
    two = walk.chance(0.4) and not walk.sketch.plain
    results = [y, layers.GlobalMaxPooling1D(name=walk.name("pooled"))(y)] if two else y
    model = keras.Model(inner, results, name=walk.name("nested"))
    value = model(x)
    if two:
        value, pooled = value
        if walk.chance(0.5):
            value = layers.Add(name=walk.name("add"))([value, pooled])
    if walk.chance(0.4):
        again = model(layers.Activation("tanh", name=walk.name("tanh"))(x))
        return meet(walk, [value, again[0] if two else again])
    return value


@drawn("branching")
def shared(walk: Walk, x: Tensor) -> Tensor:
    """One layer, called on two values, or on its own result."""
    channels = x.shape[-1]
    layer = walk.call(
        [
            lambda name: layers.Conv1D(channels, walk.between(1, 5), padding="same", name=name),
            lambda name: layers.BatchNormalization(name=name),
            lambda name: layers.Dense(channels, activation="tanh", name=name),
        ],
        walk.name("shared"),
    )
    if walk.chance(0.4):
        return layer(layer(x))
    other = project(walk, walk.step("before", x, "local"), channels)
    return meet(walk, [layer(x), layer(other)])


def meet(walk: Walk, values: Sequence[Tensor]) -> Tensor:
    """Bring values to one length, by cropping or padding, and combine them."""
    lengths = [value.shape[1] for value in values]
    length = min(lengths) if walk.chance(0.7) else max(lengths)
    values = [resized(walk, value, length) for value in values]
    combine = walk.choice(["concatenate", "add", "multiply", "maximum", "average", "subtract"])
    if combine == "subtract" and len(values) != 2:
        combine = "minimum"
    if combine == "concatenate" and sum(value.shape[-1] for value in values) <= 2 * WIDEST:
        return layers.Concatenate(name=walk.name(combine))(values)
    combine = "add" if combine == "concatenate" else combine
    channels = walk.choice([value.shape[-1] for value in values])
    values = [project(walk, value, channels) for value in values]
    return getattr(layers, combine.capitalize())(name=walk.name(combine))(values)


def project(walk: Walk, x: Tensor, channels: int) -> Tensor:
    """A value with so many channels."""
    if x.shape[-1] == channels:
        return x
    return layers.Conv1D(channels, 1, name=walk.name("project"))(x)


def resized(walk: Walk, x: Tensor, length: int) -> Tensor:
    """A value with so many positions."""
    spare = x.shape[1] - length
    left = walk.between(0, abs(spare))
    ends = (left, abs(spare) - left)
    if spare > 0:
        return layers.Cropping1D(ends, name=walk.name("fit"))(x)
    if spare < 0:
        return layers.ZeroPadding1D(ends, name=walk.name("fit"))(x)
    return x


__all__ = ["meet", "project", "resized"]
