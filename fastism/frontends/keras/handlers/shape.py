"""Layers that move positions or change the shape."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.calls.call import Call, Step, handles, integer, refuse
from fastism.frontends.keras.calls.channels_first import moved
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers.planes import shape as planes
from fastism.frontends.keras.handlers.slicing import BACKWARDS, along, taken_of


@handles("layers.Cropping1D")
def crop(call: Call) -> Sequence[Step]:
    left, right = call.operation.cropping
    return [Step("crop", {"left": left, "right": right})]


@handles("layers.ZeroPadding1D")
def zero_pad(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    left, right = call.operation.padding
    return [Step("zero_pad", {"left": left, "right": right})]


@handles("layers.UpSampling1D")
def upsample(call: Call) -> Sequence[Step]:
    return [Step("upsample", {"factor": integer(call.operation.size)})]


@handles("ops.Repeat")
def repeat(call: Call) -> Sequence[Step]:
    axis, repeats = call.operation.axis, call.operation.repeats
    if call.type.rank == 4 and axis in (1, 2) and isinstance(repeats, int):
        return planes.repeated(call, (repeats, 1) if axis == 1 else (1, repeats))
    if call.type.rank != 3 or axis not in (1, -2) or not isinstance(repeats, int):
        refuse(f"it repeats axis {axis} of {call.type} {repeats} times")
    return [Step("upsample", {"factor": repeats})]


@handles("ops.Pad")
def pad(call: Call) -> Sequence[Step]:
    """Zeros at the ends of the positions, or what lies there mirrored or carried on."""
    type, mode = call.type, call.operation.mode
    widths = [(int(left), int(right)) for left, right in call.operation.pad_width]
    ends = widths if len(widths) > 1 else widths * type.rank
    if type.rank == 4 and mode == "constant" and ends[0] == ends[3] == (0, 0):
        return planes.padded(call, ends[1:3])
    if type.rank != 3 or {ends[0], ends[2]} != {(0, 0)}:
        refuse(f"it pads {type} by {ends}")
    left, right = ends[1]
    if mode == "constant":
        return [Step("zero_pad", {"left": left, "right": right})]
    if mode not in ("reflect", "symmetric"):
        refuse(f"its mode is {mode!r}")
    edge, composer = int(mode == "reflect"), Composer([type])

    def mirrored(part: slice, count: int) -> int:
        backwards = taken_of(type.with_length(count), along(1, BACKWARDS))
        return composer.chain([*taken_of(type, along(1, part)), *backwards], 0)

    pieces = [mirrored(slice(edge, edge + left), left)] if left else []
    pieces.append(0)
    if right:
        pieces.append(mirrored(slice(-right - edge, -edge or None), right))
    composer.add("concatenate", *pieces, attributes={"axis": 1})
    return composer.steps


@handles("layers.Flatten")
def flatten(call: Call) -> Sequence[Step]:
    """Of data that says it has its channels in front, they are brought behind the rest first."""
    rank = call.type.rank
    if call.operation.data_format == "channels_first" and rank > 2:
        return [*moved(call.type, (*range(2, rank), 1)), Step("flatten")]
    return [Step("flatten")]


@handles("layers.Reshape")
def reshape(call: Call) -> Sequence[Step]:
    return [Step("reshape", {"shape": tuple(int(dim) for dim in call.operation.target_shape)})]


@handles("layers.Permute")
def permute(call: Call) -> Sequence[Step]:
    return moved(call.type, tuple(call.operation.dims))


@handles("ops.Transpose")
def transpose(call: Call) -> Sequence[Step]:
    axes = call.operation.axes or range(call.type.rank)[::-1]
    batch, *order = (axis % call.type.rank for axis in axes)
    if batch != 0:
        refuse("it moves the batch axis")
    return moved(call.type, tuple(order))


@handles("ops.Swapaxes")
def swap_axes(call: Call) -> Sequence[Step]:
    rank = call.type.rank
    one, other = call.operation.axis1 % rank, call.operation.axis2 % rank
    if 0 in (one, other):
        refuse("it moves the batch axis")
    swapped = {one: other, other: one}
    return moved(call.type, tuple(swapped.get(axis, axis) for axis in range(1, rank)))


@handles("ops.Moveaxis")
def move_axis(call: Call) -> Sequence[Step]:
    rank, operation = call.type.rank, call.operation
    places = {
        int(to) % rank: int(axis) % rank
        for axis, to in zip(operation.source, operation.destination, strict=True)
    }
    rest = iter(axis for axis in range(rank) if axis not in places.values())
    batch, *order = (places[i] if i in places else next(rest) for i in range(rank))
    if batch != 0:
        refuse("it moves the batch axis")
    return moved(call.type, tuple(order))
