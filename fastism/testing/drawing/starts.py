"""What a model takes: one sequence or several inputs, as rows, planes or tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from fastism.testing.drawing.branches import meet
from fastism.testing.drawing.planes import flat, over_plane
from fastism.testing.drawing.walk import Tensor, Walk


@dataclass(frozen=True)
class Start:
    """The inputs of a model, and what its layers begin with.

    inputs: in the structure the model takes them. value: (N, L, C). sequence: the input that is
    edited. vectors: inputs (N, V), for the heads. raw: what a head may read again.
    """

    inputs: Any
    value: Tensor
    sequence: Tensor
    vectors: tuple[Tensor, ...] = ()
    raw: Tensor = None


def start(walk: Walk, length: int | None) -> Start:
    """Inputs of some kind. length: that of the sequence, if not drawn."""
    length = walk.between(20, 61) if length is None else length
    form = None if walk.sketch.plain else walk.part("form")
    kind = form.choice(["tokens", "plane", "plane", "masked"]) if form and form.chance(0.3) else ""
    if form is None or not kind:
        letters = walk.choice([4, 4, 4, 4, 5, 12])
        sequence = value = keras.Input((length, letters), name="sequence")
    else:
        walk.sketch.parts[form.path] = kind
        sequence, value = {"tokens": _tokens, "plane": _plane, "masked": _masked}[kind](
            form, length
        )
    raw = sequence if len(sequence.shape) == 3 and not walk.sketch.masked else None
    second = walk.part("second")
    kind = second.choice(["vector", "track"]) if second and second.chance(0.35) else ""
    if second is None or not kind:
        return Start(sequence, value, sequence, raw=raw)
    walk.sketch.parts[second.path] = kind
    if kind == "vector":
        other = keras.Input((3,), name="other")
        return Start(_together(second, sequence, other), value, sequence, (other,), raw)
    other = keras.Input((second.between(15, 60), 2), name="other")
    track = second.step("track", other, "local")
    value = meet(second, [second.step("front", value, "local"), track])
    return Start(_together(second, sequence, other), value, sequence, raw=raw)


def _together(walk: Walk, sequence: Tensor, other: Tensor) -> Any:
    return walk.call(
        [
            lambda: [sequence, other],
            lambda: [other, sequence],
            lambda: {"sequence": sequence, "other": other},
            lambda: {"pair": (other, sequence)},
        ]
    )


def _tokens(walk: Walk, length: int) -> tuple[Tensor, Tensor]:
    """Token numbers, and an embedding or two of them."""
    tokens = walk.between(4, 7)
    sequence = keras.Input((length,), dtype=walk.choice(["int32", "float32"]), name="sequence")
    masks = walk.chance(0.3)
    walk.sketch.masked |= masks
    x = layers.Embedding(tokens, 5, mask_zero=masks, name=walk.name("embedding"))(sequence)
    if not masks and walk.chance(0.3):
        more = layers.Embedding(tokens + 1, 3, name=walk.name("embedding"))(sequence)
        x = layers.Concatenate(name=walk.name("both"))([x, more])
    return sequence, x


def _plane(walk: Walk, length: int) -> tuple[Tensor, Tensor]:
    """A sequence with one more axis, and a layer or two over both."""
    axis = walk.choice([1, 1, 2])
    shape = (1, length, 4) if axis == 2 else walk.choice([(length, 4, 1), (length, 1, 4)])
    sequence = x = keras.Input(shape, name="sequence")
    for index in range(walk.between(1, 2)):
        part = walk.part(f"layer{index}", "layer over two axes")
        x = x if part is None else over_plane(part, x, axis)
    return sequence, flat(walk, x, axis)


def _masked(walk: Walk, length: int) -> tuple[Tensor, Tensor]:
    """Rows of zeros that later layers may be told to leave out."""
    walk.sketch.masked = True
    sequence = keras.Input((length, 4), name="sequence")
    return sequence, layers.Masking(name=walk.name("masking"))(sequence)


__all__ = ["Start", "start"]
