"""What a model gives: tracks along the sequence, and vectors that know all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers, ops

from fastism.testing.drawing.starts import Start
from fastism.testing.drawing.walk import Tensor, Walk


def outputs(walk: Walk, trunk: Sequence[Tensor], start: Start) -> Any:
    """One to three outputs of some structure; ``trunk``: every value on the way, the last last."""
    heads: list[Tensor] = []
    for index in range(walk.between(1, 3)):
        part = walk.part(f"{index}", "a head")
        if part is not None:
            heads.append(_head(part, trunk, start))
    if not heads:
        return _local(walk, trunk[-1])
    if len(heads) == 1:
        return heads[0]
    return walk.call(
        [
            lambda: heads,
            lambda: tuple(heads),
            lambda: {f"output_{i}": head for i, head in enumerate(heads)},
            lambda: {"first": heads[0], "rest": heads[1:]},
        ]
    )


def _head(walk: Walk, trunk: Sequence[Tensor], start: Start) -> Tensor:
    kinds = ["local", "local", "step", "value", "raw", *["vector"] * 6]
    kind = walk.sketch.parts[walk.path] = walk.choice(kinds)
    x = walk.choice(trunk[-3:]) if walk.chance(0.3) else trunk[-1]
    if kind == "raw" and start.raw is not None and not walk.path.endswith("0"):
        return start.raw
    if kind == "step":
        return walk.step("step", x, "local")
    if kind == "value":
        return x
    return _vector(walk, x, start) if kind == "vector" else _local(walk, x)


def _local(walk: Walk, x: Tensor) -> Tensor:
    width = walk.between(1, min(3, x.shape[1]))
    return layers.Conv1D(2, width, name=walk.name("track"))(x)


def _vector(walk: Walk, x: Tensor, start: Start) -> Tensor:
    """A summary of all positions, and dense layers behind it."""
    length = x.shape[1]
    kinds = [*["flatten"] * 4, "average", "maximum", "both", "sum", "at"]
    walk, outer = Walk(walk.sketch, f"{walk.path}.vector"), walk.path
    kind = walk.choice(kinds if walk.sketch.plain else [*kinds, "memory"])
    walk.sketch.parts[outer] = kind
    if kind == "flatten":
        x = layers.Flatten(name=walk.name("flatten"))(x)
    elif kind == "average":
        x = layers.GlobalAveragePooling1D(name=walk.name("average"))(x)
    elif kind == "maximum":
        x = layers.GlobalMaxPooling1D(name=walk.name("maximum"))(x)
    elif kind == "both":
        x = ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1), ops.min(x, axis=1)], axis=-1)
    elif kind == "sum":
        x = ops.sum(x, axis=1) / length
    elif kind == "at":
        x = x[:, walk.between(0, length - 1)]
    else:
        name = walk.name("last", live=True)
        x = layers.LSTM(3, recurrent_initializer="glorot_uniform", name=name)(x)
    if start.vectors:
        x = layers.Concatenate(name=walk.name("with"))([x, *start.vectors])
    if walk.chance(0.5):
        x = layers.Dense(5, activation="relu", name=walk.name("hidden"))(x)
    if walk.chance(0.3):
        x = layers.BatchNormalization(name=walk.name("norm"))(x)
    activation = walk.choice(["linear", "softmax", "sigmoid", "softplus"])
    return layers.Dense(3, activation=activation, name=walk.name("out"))(x)


__all__ = ["outputs"]
