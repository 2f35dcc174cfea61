"""Pools, over windows or over all positions, and loops without a root.

Rows that are taken, turned round or repeated are sums of one row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastism.backends.native.code import F32, Code, Value
from fastism.backends.native.writing import BYTES, Writer

HEADER: Final = ("low", "high")
"""What a tile's record begins with: the rows of the frame to make."""

SOURCE = 1
"""The slot of the input's rows, counted from the item's window; its bounds are the result's."""


@dataclass(frozen=True)
class Pool:
    """A pool: what it does with the rows of a window, and where these lie.

    kind: max, mean or sum, or weighted: a convolution of every channel by itself. length: rows of
    the input. dilation: rows from one of a window to the next. scale: what a sum is multiplied by.
    tap: bytes from the weights of one row of a window to those of the next. factor: how many rows
    of the result have one window.
    """

    kind: str
    size: int
    stride: int
    pad: int
    length: int
    dilation: int = 1
    scale: float = 1.0
    tap: int = 0
    factor: int = 1


def write_elements(writer: Writer) -> None:
    """Write a loop that is element-wise from the start."""

    def entry(record: Value, row: Value, item: Value) -> None:
        found = writer.item(record, row, item)
        writer.by_vector(lambda place, lanes, part: found.vector(place, lanes, None, part))

    by_item(writer, entry)


def source_of(writer: Writer, record: Value, item: Value) -> tuple[Value, Value]:
    """The row of the frame at which an item's input begins, and the address of its first row."""
    code = writer.code
    here = code.add(record, code.mul(item, BYTES))
    begin = code.load_int(here, BYTES * writer.record.at(SOURCE, 1))
    return begin, code.load_int(here, BYTES * writer.record.at(SOURCE, 0))


def write_pool(writer: Writer, pool: Pool, source_row: int, weights: Value | None) -> None:
    """Write a pool.

    source_row: bytes from one row of an item's input to the next. weights: the address of those of
    a weighted sum.
    """
    code = writer.code

    def entry(record: Value, row: Value, item: Value) -> None:
        found = writer.item(record, row, item)
        offset, source = source_of(writer, record, item)
        number = code.floor_div(code.sub(row, offset), pool.factor)
        begin = code.sub(code.mul(number, pool.stride), pool.pad)
        first = code.ceil_div(code.sub(0, begin), pool.dilation)
        last = code.least(pool.size, code.ceil_div(code.sub(pool.length, begin), pool.dilation))

        def vector(place: Value, lanes: int) -> None:
            there = code.add(source, place, code.mul(begin, source_row))
            line = None if weights is None else code.add(weights, place)
            made = _pooled(code, pool, there, source_row, (first, last), line)
            found.vector(place, lanes, made)

        code.by_vector(writer.channels, vector)

    by_item(writer, entry)


def _pooled(
    code: Code,
    pool: Pool,
    source: Value,
    row_bytes: int,
    rows: tuple[Value, Value],
    weights: Value | None,
) -> Value:
    """What the rows of a window come to, from the first that is there up to the last."""
    total = code.room(code.vector)
    start = code.number(float("-inf")) if pool.kind == "max" else code.zero
    code.build.store(start, total)
    with code.loop(*rows) as row:
        number = code.load(code.add(source, code.mul(row, row_bytes * pool.dilation)))
        before = code.build.load(total, typ=code.vector)
        if pool.kind == "max":
            code.build.store(code.larger(number, before), total)
        elif weights is not None:
            weight = code.load(code.add(weights, code.mul(row, pool.tap)))
            code.build.store(code.fma(number, weight, before), total)
        else:
            code.build.store(code.build.fadd(before, number), total)
    found = code.build.load(total, typ=code.vector)
    if pool.kind == "mean":
        count = code.build.sitofp(code.sub(rows[1], rows[0]), F32)
        return code.build.fdiv(found, code.spread(count))
    return found if pool.scale == 1 else code.build.fmul(found, code.number(pool.scale))


def by_row(
    writer: Writer, rows: int, row: Callable[[Value, Value], Callable[[Value, int], Value]]
) -> None:
    """Write a loop whose root makes so many rows of an item, and nothing for others of the frame.

    row: given the address of the item's input and the number of a row, to be read no sooner,
    what makes a vector of it.
    """
    code = writer.code

    def entry(record: Value, frame_row: Value, item: Value) -> None:
        found = writer.item(record, frame_row, item)
        begin, source = source_of(writer, record, item)
        there = code.inside(frame_row, begin, code.whole(rows))
        with code.where(there):
            made = row(source, code.sub(frame_row, begin))
            code.by_vector(
                writer.channels,
                lambda place, lanes: found.vector(place, lanes, made(place, lanes)),
            )
        with code.where(code.build.not_(there)):
            code.by_vector(
                writer.channels, lambda place, lanes: found.vector(place, lanes, code.zero)
            )

    by_item(writer, entry)


def by_item(writer: Writer, entry: Callable[[Value, Value, Value], None]) -> None:
    """Write the loop over the tiles of a block, the rows of each and their items.

    entry: writes what is done, given the address of the tile's record, the row and the item.
    """
    code = writer.code
    records, tiles = code.arguments[:2]
    with code.loop(0, tiles) as tile:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        low, high = (code.load_int(record, BYTES * i) for i in range(len(HEADER)))
        with code.loop(low, high) as row, code.loop(0, code.machine.rows) as item:
            entry(record, row, item)
