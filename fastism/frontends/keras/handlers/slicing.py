"""Part of a tensor, and a tensor backwards: ``x[:, 5:-5]``, ``x[:, ::-1, ::-1]``, flips."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, SupportsIndex

from fastism.frontends.keras.call import Call, Step, handles, refuse
from fastism.ir.types import TensorType

BACKWARDS = slice(None, None, -1)


@handles("ops.GetItem")
def item(call: Call) -> Sequence[Step]:
    """Slices, ``...`` and single positions, in any combination."""
    if call.pattern != (0, None):
        refuse("it is indexed with a tensor")
    return _taken(call.types[0], call.arguments[1])


@handles("ops.Flip")
def flip(call: Call) -> Sequence[Step]:
    """Reversed along some axes."""
    axis, rank = call.operation.axis, call.type.rank
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    if axis is None or any(each % rank == 0 for each in axes):
        refuse("it reverses the batch")
    flipped = {each % rank for each in axes}
    return _taken(call.type, tuple(BACKWARDS if i in flipped else slice(None) for i in range(rank)))


def _taken(source: TensorType, key: object) -> Sequence[Step]:
    """The steps of ``x[key]``: a slice along each axis, then a reshape that drops single ones."""
    parts = _parts(key, source.rank)
    steps: list[Step] = []
    shape: list[int] = []
    for axis, part in enumerate(parts):
        extent = source.shape[axis]
        if axis == 0:
            if part not in (slice(None), slice(None, None, 1)):
                refuse("it takes a part of the batch")
            continue
        assert isinstance(extent, int)
        taken = range(extent)[part if isinstance(part, slice) else _single(part, extent)]
        if not taken:
            refuse("it takes nothing")
        if isinstance(part, slice):
            shape.append(len(taken))
        if taken != range(extent):
            steps.append(_step(axis, source.rank, extent, taken))
    if len(shape) < source.rank - 1:
        steps.append(Step("reshape", {"shape": tuple(shape) or refuse("it takes a number")}))
    return steps or [Step("identity")]


def _parts(key: object, rank: int) -> list[Any]:
    """One part of the key an axis: ``...`` and what is left out are whole axes."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if any(not isinstance(part, (slice, SupportsIndex, type(...))) for part in parts):
        refuse("it is indexed with something other than slices and single positions")
    dots = [i for i, part in enumerate(parts) if part is ...]
    first = dots[0] if dots else len(parts)
    given = len(parts) - len(dots)
    return [*parts[:first], *[slice(None)] * (rank - given), *parts[first + len(dots) :]]


def _single(part: SupportsIndex, extent: int) -> slice:
    at = index(part) % extent
    return slice(at, at + 1)


def _step(axis: int, rank: int, extent: int, taken: range) -> Step:
    if axis == 1 and rank > 2 and taken.step == 1:
        return Step("crop", {"left": taken.start, "right": extent - taken.stop})
    if axis not in (1, rank - 1):
        refuse("it takes a part of an axis between the positions and the channels")
    stop = taken.stop if taken.stop >= 0 else None
    attributes = {"start": taken.start, "stop": stop, "step": taken.step}
    return Step("slice" if axis == 1 and rank > 2 else "slice_channels", attributes)
