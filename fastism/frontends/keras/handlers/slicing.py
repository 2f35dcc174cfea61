"""Part of a tensor, and a tensor backwards: ``x[:, 5:-5]``, ``x[:, ::-1, ::-1]``, flips."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, SupportsIndex

from fastism.frontends.keras.calls.call import Call, Step, handles, refuse
from fastism.ir.types import TensorType

BACKWARDS = slice(None, None, -1)


@handles("ops.GetItem")
def item(call: Call) -> Sequence[Step]:
    """Slices, ``...``, single positions and new axes, in any combination."""
    if call.pattern != (0, None):
        refuse("it is indexed with a tensor")
    return taken_of(call.types[0], call.arguments[1])


@handles("ops.Flip")
def flip(call: Call) -> Sequence[Step]:
    """Reversed along some axes."""
    axis, rank = call.operation.axis, call.type.rank
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    if axis is None or any(each % rank == 0 for each in axes):
        refuse("it reverses the batch")
    flipped = {each % rank for each in axes}
    key = tuple(BACKWARDS if i in flipped else slice(None) for i in range(rank))
    return taken_of(call.type, key)


def along(axis: int, part: slice | int) -> tuple[slice | int, ...]:
    """The key that takes a part of one axis and all of those in front of it."""
    return (*[slice(None)] * axis, part)


def taken_of(source: TensorType, key: object) -> Sequence[Step]:
    """The steps of ``x[key]``: a slice along each axis, then a reshape that drops single ones."""
    steps: list[Step] = []
    shape: list[int] = []
    axis = 0
    parts = _parts(key, source.rank)
    for part in parts:
        if part is None:
            shape.append(1)
            continue
        extent, axis = source.shape[axis], axis + 1
        if axis == 1:
            if shape or part not in (slice(None), slice(None, None, 1)):
                refuse("it takes a part of the batch, or puts an axis in front of it")
            continue
        assert isinstance(extent, int)
        taken = range(extent)[part if isinstance(part, slice) else _single(part, extent)]
        if not taken:
            refuse("it takes nothing")
        if isinstance(part, slice):
            shape.append(len(taken))
        if taken != range(extent):
            steps.extend(_sliced(axis - 1, source.rank, extent, taken))
    if any(not isinstance(part, slice) for part in parts):
        steps.append(Step("reshape", {"shape": tuple(shape)}))
    return steps or [Step("identity")]


def _parts(key: object, rank: int) -> list[Any]:
    """One part of the key an axis, and None for a new one: ``...`` and what is left out are whole
    axes."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if any(not isinstance(p, (slice, SupportsIndex, type(...), type(None))) for p in parts):
        refuse("it is indexed with something other than slices and single positions")
    dots = [i for i, part in enumerate(parts) if part is ...]
    first = dots[0] if dots else len(parts)
    given = sum(part is not None and part is not ... for part in parts)
    return [*parts[:first], *[slice(None)] * (rank - given), *parts[first + len(dots) :]]


def _single(part: SupportsIndex, extent: int) -> slice:
    at = index(part) % extent
    return slice(at, at + 1)


def _sliced(axis: int, rank: int, extent: int, taken: range) -> Sequence[Step]:
    """The steps that take some entries of an axis."""
    if axis == 1 and rank > 2 and taken.step == 1:
        return [Step("crop", {"left": taken.start, "right": extent - taken.stop})]
    stop = taken.stop if taken.stop >= 0 else None
    attributes = {"start": taken.start, "stop": stop, "step": taken.step}
    if axis == 1 and rank > 2:
        return [Step("slice", attributes)]
    if axis == rank - 1:
        return [Step("slice_channels", attributes)]
    # An axis in between changes places with the channels for as long.
    order = [*range(1, rank)]
    order[axis - 1], order[-1] = order[-1], order[axis - 1]
    turn = Step("permute", {"order": tuple(order)})
    return [turn, Step("slice_channels", attributes), turn]
