"""Windows: of the reference, of deltas, and what is made of them at the end of locality.

Whether a window hangs over an edge is known from the site table while writing, so inner sites pay
nothing for the edges.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from fastism.backends.onnx.forms.batches import by_item, by_pair, copies, extents, zeros
from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node
from fastism.ir.types import NUMPY_DTYPES, TensorType


def positions(writer: Writer, role: str, site: str, width: int) -> str:
    """``table[site] + j`` for ``j < width``, i32 (P, width)."""
    start = writer.add("Gather", writer.weight(role), site)
    column = writer.add("Unsqueeze", start, writer.table("axes", [1]))
    return writer.add("Add", column, writer.given("steps", np.arange(width, dtype=np.int32)))


def within(writer: Writer, role: str, width: int, length: int) -> bool:
    """Whether every entry of a table starts a window of a width inside ``[0, length)``."""
    start = writer.array(role)
    return bool(np.min(start) >= 0 and np.max(start) + width <= length)


def _integer(writer: Writer, value: int) -> str:
    return writer.given("integer", np.asarray(value, np.int32))


def inside(writer: Writer, position: str, length: int) -> str:
    """Where positions lie inside ``[0, length)``."""
    above = writer.add("GreaterOrEqual", position, _integer(writer, 0))
    return writer.add("And", above, writer.add("Less", position, _integer(writer, length)))


def _over(writer: Writer, mask: str, axes: Sequence[int]) -> str:
    """A (P, width) mask with more axes, to meet a value."""
    return writer.add("Unsqueeze", mask, writer.table("axes", axes)) if axes else mask


def _over_items(writer: Writer, mask: str, type_: TensorType) -> str:
    """A (P, width) mask as (P, 1, width, 1...), to meet items folded by pair."""
    return _over(writer, mask, [1, *range(3, type_.rank + 1)])


@writes("window")
def window(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Gather from all sequences in a row; ``fill`` outside the input."""
    (reference, sequence, site), type_ = inputs, writer.input_type()
    width, length = node.integer("width"), int(type_.shape[1])
    position = positions(writer, "start", site, width)
    hangs = not within(writer, "start", width, length)
    index = position
    if hangs:
        index = writer.add("Max", position, _integer(writer, 0))
        index = writer.add("Min", index, _integer(writer, length - 1))
    row = writer.add("Mul", sequence, _integer(writer, length))
    index = writer.add("Add", index, writer.add("Unsqueeze", row, writer.table("axes", [1])))
    flat = writer.table("flat", [-1, *extents(type_)[1:]])
    taken = writer.add("Gather", writer.add("Reshape", reference, flat), index, axis=0)
    if not hangs:
        return taken
    exists = _over(writer, inside(writer, position, length), range(2, type_.rank))
    return writer.add("Where", exists, taken, writer.number(node.number("fill")))


@writes("place")
def place(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """GatherND by item; a row of zeros behind the delta stands for all that is outside."""
    (delta, site), type_ = inputs, writer.input_type()
    width, found, length = node.integer("width"), type_.length, node.integer("length")
    index = positions(writer, "shift", site, width)
    exists = []
    if not within(writer, "shift", width, found):
        exists.append(inside(writer, index, found))
    if not within(writer, "start", width, length):
        exists.append(inside(writer, positions(writer, "start", site, width), length))
    if exists:
        both = exists[0] if len(exists) == 1 else writer.add("And", *exists)
        index = writer.add("Where", both, index, _integer(writer, found))
        delta = _padded(writer, delta, type_, 0, 1)
    wide = writer.add("Cast", index, to=TensorProto.INT64)
    by_items = copies(writer, wide, TensorType("i64", ("P", width)), inputs[0])
    last = writer.add("Unsqueeze", by_items, writer.table("axes", [2]))
    return writer.add("GatherND", delta, last, batch_dims=1)


def _padded(writer: Writer, x: str, type_: TensorType, before: int, behind: int) -> str:
    rest = [0] * (type_.rank - 2)
    return writer.add("Pad", x, writer.table("pads", [0, before, *rest, 0, behind, *rest]))


@writes("pick")
def pick(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Slice, and Pad with zeros where that is outside the delta."""
    (x,), type_ = inputs, writer.input_type()
    offset, width, found = node.integer("offset"), node.integer("width"), type_.length
    first, last = max(offset, 0), min(offset + width, found)
    if last <= first:
        return zeros(writer, x, type_.dtype, extents(node.type))
    if (first, last) != (0, found):
        x = writer.slice(x, first, last, axis=1)
    before, behind = first - offset, offset + width - last
    return _padded(writer, x, type_, before, behind) if before or behind else x


@writes("mask_outside")
def mask_outside(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Where: ``fill`` where the window lies outside the value."""
    (value, site), type_ = inputs, writer.input_type()
    position = positions(writer, "start", site, type_.length)
    exists = _over_items(writer, inside(writer, position, node.integer("length")), type_)
    fill = writer.number(node.number("fill"))
    masked = writer.add("Where", exists, by_pair(writer, value, type_, site), fill)
    return by_item(writer, masked, type_)


@writes("scale_positions")
def scale_positions(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Mul by the factor of the position; behind the factors stands 1, for what is outside."""
    (delta, site), type_ = inputs, writer.input_type()
    length = len(writer.array("factor"))
    dtype = NUMPY_DTYPES[type_.dtype]
    factors = writer.weight("factor", f"{dtype} and 1", lambda f: np.append(f, 1).astype(dtype))
    position = positions(writer, "start", site, type_.length)
    index = writer.add(
        "Where", inside(writer, position, length), position, _integer(writer, length)
    )
    factor = _over_items(writer, writer.add("Gather", factors, index), type_)
    return by_item(writer, writer.add("Mul", by_pair(writer, delta, type_, site), factor), type_)


@writes("dense_rows")
def dense_rows(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Slice the kernel's rows that belong to the window, and one MatMul for the chunk.

    All pairs of a chunk start at the same position, as the definition of the op has it.
    """
    (delta, site), type_ = inputs, writer.input_type()
    rows = type_.length * type_.channels
    first = writer.slice(site, 0, 1, axis=0)
    start = writer.add("Gather", writer.weight("start"), first)
    start = writer.add("Mul", start, _integer(writer, type_.channels))
    stop = writer.add("Add", start, _integer(writer, rows))
    axes = writer.given("axes", np.zeros(1, np.int32))
    kernel = writer.add("Slice", writer.weight("kernel"), start, stop, axes)
    flat = writer.add("Reshape", delta, writer.table("shape", [-1, rows]))
    return writer.add("MatMul", flat, kernel)


@writes("sum_window")
def sum_window(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ReduceSum over the window, scaled."""
    total = writer.reduce("ReduceSum", inputs[0], 1, keepdims=False)
    scale = node.number("scale")
    return total if scale == 1.0 else writer.add("Mul", total, writer.number(scale))


@writes("weigh_reference")
def weigh_reference(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """MatMul of the vectors, folded by pair, with their pair's reference."""
    vector, reference = inputs
    folded = by_pair(writer, vector, writer.input_type(), reference)
    return by_item(writer, writer.add("MatMul", folded, reference), node.type)


@writes("dense_by_channel")
def dense_by_channel(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """MatMul over the positions, a product a channel."""
    length, channels = extents(writer.input_type())
    kernel = writer.weight(
        "kernel", "by channel", lambda k: k.reshape(length, channels, -1).transpose(1, 0, 2)
    )
    turned = writer.add("Transpose", inputs[0], perm=(2, 0, 1))
    return writer.add("Transpose", writer.add("MatMul", turned, kernel), perm=(1, 0, 2))
