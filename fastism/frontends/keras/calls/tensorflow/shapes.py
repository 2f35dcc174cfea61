"""Operations that move or take entries, or change the shape; and shapes as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.tensorflow.registry import (
    Operation,
    Value,
    extents,
    integers,
    is_known,
    known,
    reads,
)

BATCH: Final = 65521
"""Stands for how many sequences there are, where code asks for a shape: a prime, so that it is
still to be seen in what is worked out from it."""

MAKES_VALUES: Final = frozenset(("Fill", "BroadcastTo", "Tile"))
"""Operations that make values as large as they are told, which may be as large as the batch."""


@dataclass(frozen=True)
class Rows:
    """A value whose positions were joined with the batch, (N * L, C), as products are written."""

    value: Any


@reads("Shape", "ShapeN")
def shape(operation: Operation, inputs: list[Value]) -> list[Value]:
    """A shape, as a value that is known but for how many sequences there are."""
    dtype = operation["out_type"].as_numpy_dtype
    return [np.asarray(_with_batch(value), dtype) for value in inputs]


@reads("Size")
def size(operation: Operation, inputs: list[Value]) -> Value:
    """How many entries there are."""
    return np.asarray(np.prod(_with_batch(inputs[0])), operation["out_type"].as_numpy_dtype)


@reads("Rank")
def rank(operation: Operation, inputs: list[Value]) -> Value:
    """How many axes there are."""
    return np.asarray(len(inputs[0].shape), np.int32)


def _with_batch(value: Value) -> list[int]:
    first, *rest = extents(value)
    if None in rest:
        refuse("it asks for an extent that is not known")
    return [BATCH if first is None else first, *(int(each or 0) for each in rest)]


@reads("Reshape")
def reshape(operation: Operation, inputs: list[Value]) -> Value:
    """To known extents; positions may join the sequences for operations row by row."""
    value, target = inputs[0], integers(inputs[1], "target")
    if not target:
        refuse("it drops the batch")
    rest, own = target[1:], _with_batch(value)
    joined = len(own) > 2 and int(np.prod(own[1:-1])) != 1
    if joined and rest == own[-1:] and target[0] in (-1, int(np.prod(own[:-1]))):
        return Rows(value)
    if target[0] not in (BATCH, -1):
        refuse(f"its target is {tuple(target)}")
    if -1 in rest:
        known_part = -int(np.prod(rest))
        elements = int(np.prod(own[1:]))
        rest[rest.index(-1)] = elements // max(known_part, 1)
    if any(each % BATCH == 0 for each in rest):
        refuse("it moves the batch to another axis")
    if int(np.prod(rest)) != int(np.prod(own[1:])):
        refuse("it joins positions with the batch")
    return ops.reshape(value, (-1, *rest))


@reads("ExpandDims")
def expand_dims(operation: Operation, inputs: list[Value]) -> Value:
    """Another axis."""
    (axis,) = integers(inputs[1], "axis")
    return ops.expand_dims(inputs[0], axis)


@reads("Squeeze")
def squeeze(operation: Operation, inputs: list[Value]) -> Value:
    """Axes of one entry left out."""
    axes = list(operation["squeeze_dims"])
    if not axes:
        axes = [i for i, extent in enumerate(extents(inputs[0])) if extent == 1]
    return ops.squeeze(inputs[0], tuple(axes)) if axes else inputs[0]


@reads("Transpose")
def transpose(operation: Operation, inputs: list[Value]) -> Value:
    """The axes in another order, the sequences first."""
    return ops.transpose(inputs[0], integers(inputs[1], "order"))


@reads("ReverseV2")
def reverse(operation: Operation, inputs: list[Value]) -> Value:
    """Backwards along known axes."""
    axes = integers(inputs[1], "axes")
    return ops.flip(inputs[0], tuple(axes)) if axes else inputs[0]


@reads("ConcatV2")
def concatenate(operation: Operation, inputs: list[Value]) -> Value:
    """One after the other, with values that are the same for every sequence among them."""
    *values, axis = inputs
    (along,) = integers(axis, "axis")
    return ops.concatenate(_alike(values), along)


@reads("Concat")
def concatenate_first(operation: Operation, inputs: list[Value]) -> Value:
    """The same, of an older form."""
    axis, *values = inputs
    (along,) = integers(axis, "axis")
    return ops.concatenate(_alike(values), along)


@reads("Pack")
def stack(operation: Operation, inputs: list[Value]) -> Value:
    """Side by side on an axis of their own."""
    return ops.stack(_alike(inputs), operation["axis"])


def _alike(values: list[Value]) -> list[Value]:
    """Values for every sequence: known ones, of a batch of one, spread over that of the others."""
    like = next(value for value in values if not is_known(value))
    return [spread(value, like) if is_known(value) else value for value in values]


def spread(value: np.ndarray, like: Any) -> Value:
    """A known value, (1, ...), for every sequence of a symbolic one."""
    if value.ndim != len(like.shape) or value.shape[0] != 1:
        refuse("it joins what differs from sequence to sequence with what does not")
    return ops.add(blank(value, like), value)


def blank(value: np.ndarray, like: Any) -> Value:
    """Zeros of the shape of a known value, for every sequence of a symbolic one."""
    first = ops.zeros_like(ops.reshape(like, (-1, int(np.prod(_with_batch(like)[1:]))))[:, :1])
    wide = ops.tile(first, (1, int(np.prod(value.shape[1:]))))
    return ops.reshape(wide, (-1, *value.shape[1:]))


@reads("Unpack")
def unstack(operation: Operation, inputs: list[Value]) -> list[Value]:
    """Every entry of an axis by itself."""
    return list(ops.unstack(inputs[0], axis=operation["axis"]))


@reads("Split")
def split(operation: Operation, inputs: list[Value]) -> list[Value]:
    """Into equal parts."""
    (axis,) = integers(inputs[0], "axis")
    return list(ops.split(inputs[1], operation["num_split"], axis=axis))


@reads("SplitV")
def split_at(operation: Operation, inputs: list[Value]) -> list[Value]:
    """Into parts of known sizes."""
    value, sizes, axis = inputs[0], integers(inputs[1], "sizes"), integers(inputs[2], "axis")[0]
    if -1 in sizes:
        sizes[sizes.index(-1)] = int(extents(value)[axis] or 0) - sum(s for s in sizes if s != -1)
    if len(sizes) == 1:
        return [value]
    return list(ops.split(value, np.cumsum(sizes)[:-1].tolist(), axis=axis))


@reads("Tile")
def tile(operation: Operation, inputs: list[Value]) -> Value:
    """Several times over."""
    repeats = integers(inputs[1], "repeats")
    if is_known(inputs[0]):
        return _without_batch(inputs[0], repeats, np.tile)
    return ops.tile(inputs[0], repeats)


@reads("BroadcastTo")
def broadcast(operation: Operation, inputs: list[Value]) -> Value:
    """Spread over a larger shape."""
    value, target = inputs[0], integers(inputs[1], "shape")
    if is_known(value):
        return _without_batch(value, target, np.broadcast_to)
    own = [BATCH if extent is None else int(extent) for extent in extents(value)]
    if len(own) != len(target):
        refuse("it adds axes in front of the batch")
    counts = [1 if have == want else want for have, want in zip(own, target, strict=True)]
    return ops.tile(value, counts) if any(count != 1 for count in counts) else value


@reads("Fill")
def fill(operation: Operation, inputs: list[Value]) -> Value:
    """A known value everywhere."""
    return _without_batch(inputs[1], integers(inputs[0], "shape"), np.broadcast_to)


def _without_batch(value: np.ndarray, target: list[int], make: Any) -> np.ndarray:
    """A known value as large as it is told, with a batch of one."""
    if BATCH in target[1:]:
        refuse("it puts the batch on another axis")
    array: np.ndarray = np.asarray(make(value, [1, *target[1:]]))
    return array


@reads("Pad", "PadV2")
def pad(operation: Operation, inputs: list[Value]) -> Value:
    """Zeros, or another number, at the ends."""
    width = known(inputs[1], "widths").astype(int).tolist()
    filling = float(known(inputs[2], "value")) if operation.type == "PadV2" else 0.0
    if not filling:
        return ops.pad(inputs[0], width)
    return ops.add(ops.pad(ops.subtract(inputs[0], filling), width), filling)


@reads("MirrorPad")
def mirror_pad(operation: Operation, inputs: list[Value]) -> Value:
    """What lies at the ends, mirrored."""
    width = known(inputs[1], "widths").astype(int).tolist()
    return ops.pad(inputs[0], width, mode=operation["mode"].lower())


@reads("Slice")
def slice_of_size(operation: Operation, inputs: list[Value]) -> Value:
    """A part, by start and size."""
    begins, sizes = integers(inputs[1], "start"), integers(inputs[2], "size")
    key = tuple(
        slice(begin or None, None if size in (-1, BATCH) else begin + size)
        for begin, size in zip(begins, sizes, strict=True)
    )
    return inputs[0][key]


@reads("StridedSlice")
def strided_slice(operation: Operation, inputs: list[Value]) -> Value:
    """The Python key that the operation's masks spell."""
    starts, stops, steps = (integers(each, "bounds") for each in inputs[1:4])
    masks = {
        name: operation[f"{name}_mask"]
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }

    def has(name: str, position: int) -> bool:
        return bool(masks[name] >> position & 1)

    key: list[Any] = []
    for position, (start, stop, step) in enumerate(zip(starts, stops, steps, strict=True)):
        if has("ellipsis", position):
            key.append(...)
        elif has("new_axis", position):
            key.append(None)
        elif has("shrink_axis", position):
            key.append(start)
        else:
            first = None if has("begin", position) else start
            last = None if has("end", position) or stop == BATCH else stop
            key.append(slice(first, last, step))
    return inputs[0][tuple(key)]


@reads("GatherV2", "Gather")
def gather(operation: Operation, inputs: list[Value]) -> Value:
    """Known entries of an axis."""
    wanted = known(inputs[1], "choice of entries")
    axis = integers(inputs[2], "axis")[0] if operation.type == "GatherV2" else 0
    if operation.type == "GatherV2":
        operation.require(batch_dims=0)
    return ops.take(inputs[0], wanted, axis=axis)


@reads("Roll")
def roll(operation: Operation, inputs: list[Value]) -> Value:
    """Entries moved along, those that fall off brought to the front."""
    value = inputs[0]
    shifts, axes = integers(inputs[1], "shift"), integers(inputs[2], "axis")
    for shift, axis in zip(shifts, axes, strict=True):
        value = ops.roll(value, shift, axis)
    return value
