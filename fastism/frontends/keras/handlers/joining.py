"""Values split, stacked, repeated and turned along an axis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fastism.frontends.keras.calls.call import Call, Expression, Step, array, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers.combining import operands
from fastism.frontends.keras.handlers.reductions import axes_of
from fastism.frontends.keras.handlers.slicing import along, taken_of

MOST = 64
"""Pieces beyond which a choice of entries is not written as slices that are joined."""


def _axis(axis: int | None, rank: int) -> int:
    (single,) = axes_of(axis, rank)
    return single


def _parts(call: Call, keys: Iterable[tuple[slice | int, ...]]) -> Expression:
    """Several parts of one value, each a result."""
    composer = Composer([call.type])
    steps = (taken_of(call.type, key) for key in keys)
    return composer.expression(*(composer.chain(each, 0) for each in steps))


@handles("ops.Split", "ops.ArraySplit")
def split(call: Call) -> Expression:
    """Several parts side by side, of equal size or cut at given places."""
    axis, given = _axis(call.operation.axis, call.type.rank), call.operation.indices_or_sections
    if isinstance(given, int):
        parts = np.array_split(np.arange(int(call.type.shape[axis])), given)
        cuts: list[Any] = [None, *(int(part[0]) for part in parts[1:] if len(part)), None]
    else:
        cuts = [None, *map(int, given), None]
    return _parts(call, (along(axis, slice(*pair)) for pair in pairwise(cuts)))


@handles("ops.Unstack")
def unstack(call: Call) -> Expression:
    """Every entry of an axis by itself, without the axis."""
    axis = _axis(call.operation.axis, call.type.rank)
    return _parts(call, (along(axis, i) for i in range(int(call.type.shape[axis]))))


@handles("ops.Stack")
def stack(call: Call) -> Sequence[Step]:
    """Side by side along an axis of its own, behind the positions."""
    operands(call)
    type, composer = call.types[0], Composer(call.types)
    axis = _axis(call.operation.axis, type.rank + 1)
    shape = [int(extent) for extent in type.shape[1:]]
    attributes = {"shape": (*shape[: axis - 1], 1, *shape[axis - 1 :])}
    parts = [composer.add("reshape", i, attributes=attributes) for i in range(len(call.types))]
    composer.add("concatenate", *parts, attributes={"axis": axis})
    return composer.steps


@handles("ops.Tile")
def tile(call: Call) -> Sequence[Step]:
    """Copies one after the other along each axis."""
    repeats, type = call.operation.repeats, call.type
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    repeats = (*(1,) * (type.rank - len(repeats)), *repeats)
    if len(repeats) > type.rank or repeats[0] != 1 or min(repeats) < 1:
        refuse("it repeats the batch, adds an axis, or leaves nothing")
    composer, value = Composer([type]), 0
    for axis, count in enumerate(repeats):
        if count != 1:
            value = composer.add("concatenate", *[value] * count, attributes={"axis": axis})
    return composer.steps or [Step("identity")]


@handles("ops.Roll")
def roll(call: Call) -> Sequence[Step]:
    """The end in front of the rest."""
    shift, axis = call.operation.shift, call.operation.axis
    if not isinstance(shift, int) or not isinstance(axis, int):
        refuse("it moves along several axes at once")
    axis, composer = _axis(axis, call.type.rank), Composer([call.type])
    cut = -shift % int(call.type.shape[axis])
    if cut == 0:
        return [Step("identity")]
    pieces = (taken_of(call.type, along(axis, part)) for part in (slice(cut, None), slice(cut)))
    composer.add(
        "concatenate", *[composer.chain(piece, 0) for piece in pieces], attributes={"axis": axis}
    )
    return composer.steps


@handles("ops.Take")
def take(call: Call) -> Sequence[Step]:
    """Entries of an axis, by numbers known beforehand."""
    if call.pattern != (0, None):
        refuse("what it takes is given by a tensor")
    (type,), wanted = call.types, array(call.arguments[1]).astype(np.int64)
    axis = _axis(call.operation.axis, type.rank)
    if wanted.ndim == 0:
        return taken_of(type, along(axis, int(wanted)))
    if wanted.ndim != 1 or not wanted.size:
        refuse(f"it takes numbers of the shape {wanted.shape}")
    composer, extent = Composer([type]), int(type.shape[axis])
    if wanted.min() < -extent or wanted.max() >= extent:
        refuse(f"it takes entries beyond the {extent} there are")
    runs = _runs([int(number) % extent for number in wanted])
    if len(runs) > MOST:
        refuse(f"what it takes lies in {len(runs)} pieces")
    pieces = [composer.chain(taken_of(type, along(axis, run)), 0) for run in runs]
    if len(pieces) > 1:
        composer.add("concatenate", *pieces, attributes={"axis": axis})
    return composer.steps


def _runs(numbers: Sequence[int]) -> list[slice]:
    """Numbers as slices of one step each, as long as can be from the front."""
    runs: list[list[int]] = []
    for number in numbers:
        last = runs[-1] if runs else []
        step = last[1] - last[0] if len(last) > 1 else number - last[0] if last else 0
        if step and number - last[-1] == step:
            last.append(number)
        else:
            runs.append([number])
    return [_slice(run) for run in runs]


def _slice(run: Sequence[int]) -> slice:
    step = run[1] - run[0] if len(run) > 1 else 1
    stop = run[-1] + (1 if step > 0 else -1)
    return slice(run[0], stop if stop >= 0 else None, step)
