"""Pools, over windows or over all positions, and loops without a root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastism.backends.native.code import F32, Code, Value
from fastism.backends.native.writing import BYTES, FLOAT, Writer

HEADER: Final = ("low", "high")
"""What a tile's record begins with: the rows of the frame to make."""

SOURCE = 1
"""The slot of the input's rows, counted from the item's window; its bounds are the result's."""


@dataclass(frozen=True)
class Pool:
    """A pool: what it does with the rows of a window, and where these lie.

    kind: max, mean or sum. length: rows of the input. scale: what a sum is multiplied by.
    """

    kind: str
    size: int
    stride: int
    pad: int
    length: int
    scale: float = 1.0


def write_elements(writer: Writer) -> None:
    """Write a loop that is element-wise from the start."""

    def entry(record: Value, row: Value, item: Value) -> None:
        found = writer.item(record, row, item)
        _by_vector(writer, lambda place, lanes: found.vector(place, lanes, None))

    _by_item(writer, entry)


def write_pool(writer: Writer, pool: Pool, source_row: int) -> None:
    """Write a pool. source_row: bytes from one row of an item's input to the next."""
    code = writer.code

    def entry(record: Value, row: Value, item: Value) -> None:
        found = writer.item(record, row, item)
        here = code.add(record, code.mul(item, BYTES))
        offset = code.load_int(here, BYTES * writer.record.at(SOURCE, 1))
        source = code.load_int(here, BYTES * writer.record.at(SOURCE, 0))
        first = code.sub(code.mul(code.sub(row, offset), pool.stride), pool.pad)
        last = code.least(code.add(first, pool.size), pool.length)
        first = code.most(first, 0)

        def vector(place: Value, lanes: int) -> None:
            made = _pooled(code, pool, code.add(source, place), source_row, first, last)
            found.vector(place, lanes, made)

        _by_vector(writer, vector)

    _by_item(writer, entry)


def _pooled(
    code: Code, pool: Pool, source: Value, row_bytes: int, first: Value, last: Value
) -> Value:
    """What the rows from first up to last come to."""
    total = code.room(code.vector)
    start = code.number(float("-inf")) if pool.kind == "max" else code.zero
    code.build.store(start, total)
    with code.loop(first, last) as row:
        number = code.load(code.add(source, code.mul(row, row_bytes)))
        before = code.build.load(total, typ=code.vector)
        if pool.kind == "max":
            code.build.store(code.larger(number, before), total)
        else:
            code.build.store(code.build.fadd(before, number), total)
    found = code.build.load(total, typ=code.vector)
    if pool.kind == "mean":
        rows = code.build.sitofp(code.sub(last, first), F32)
        return code.build.fdiv(found, code.spread(rows))
    return found if pool.scale == 1 else code.build.fmul(found, code.number(pool.scale))


def _by_item(writer: Writer, entry: Callable[[Value, Value, Value], None]) -> None:
    code = writer.code
    records, tiles = code.arguments[:2]
    with code.loop(0, tiles) as tile:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        low, high = (code.load_int(record, BYTES * i) for i in range(len(HEADER)))
        with code.loop(low, high) as row, code.loop(0, code.machine.rows) as item:
            entry(record, row, item)


def _by_vector(writer: Writer, each: Callable[[Value, int], None]) -> None:
    """Whole vectors of channels, and then those that are left."""
    code, lanes = writer.code, writer.code.machine.lanes
    whole, rest = divmod(writer.channels, lanes)
    if whole:
        with code.loop(0, whole) as vector:
            each(code.mul(vector, lanes * FLOAT), lanes)
    if rest:
        each(code.whole(whole * lanes * FLOAT), rest)
