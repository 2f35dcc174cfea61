"""The product of a tile where filters are few and taps many: along the taps instead.

A profile head of one filter and 75 taps would leave 15 of 16 lanes idle. Here every tap of a filter
is a column of its own: an input row is multiplied by all taps at once, zeros left out as elsewhere,
and what comes of it is added to the sums of as many neighbouring output rows. A line of sums holds
all rows of one item and filter. The kernel is packed with its taps turned round, the last first,
and filled up with zeros to whole vectors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fastism.backends.native.code import Code, Value
from fastism.backends.native.live import list_rows, span_of
from fastism.backends.native.machine import Machine
from fastism.backends.native.products import accumulate
from fastism.backends.native.shapes import Shape, Windowed, head_of, pack, panels_of
from fastism.backends.native.writing import BYTES, FLOAT, TALLY, Writer

MOST_FILTERS: Final = 4
"""Filters up to which taps are columns."""
MOST_FILLING: Final = 1.5
"""Columns a tap, with those that fill up the last vector, up to which it pays."""


def along_taps(shape: Windowed, machine: Machine) -> bool:
    """Whether a product has so few filters, and so many taps and rows, that taps are columns."""
    plain = shape.groups == shape.stride == shape.dilation == 1
    few = shape.filters <= MOST_FILTERS and 2 * shape.rows >= shape.taps
    return plain and few and _columns(shape.taps, machine) <= MOST_FILLING * shape.taps


def _columns(taps: int, machine: Machine) -> int:
    """Columns of one filter: its taps, filled up to whole vectors."""
    return -(-taps // machine.lanes) * machine.lanes


def columns_of(shape: Shape, machine: Machine) -> Shape:
    """The product of an input row by all taps: one of a single tap."""
    return replace(shape, taps=1, filters=_columns(shape.taps, machine) * shape.filters)


def pack_taps(kernel: npt.NDArray[Any], machine: Machine) -> npt.NDArray[np.float32]:
    """A kernel (taps, channels, filters) as one of a single tap: (1, channels, filters * taps)."""
    taps, channels, filters = kernel.shape
    columns = np.zeros((1, channels, filters, _columns(taps, machine)), np.float32)
    columns[0, :, :, :taps] = kernel[::-1].transpose(1, 2, 0)
    return pack(columns.reshape(1, channels, -1), machine)


def line_bytes(shape: Shape, machine: Machine, rows: int) -> int:
    """Bytes of a line of sums: of so many output rows, and of where taps reach beyond them."""
    return (rows + shape.taps - 1 + _columns(shape.taps, machine)) * FLOAT


def write_along_taps(writer: Writer, shape: Shape, kernel: Value) -> None:
    """Write the loop over the tiles of a block. kernel: the address of the packed kernel."""
    code, machine = writer.code, writer.code.machine
    records, tiles = code.arguments[:2]
    with code.loop(0, tiles) as tile:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        head = head_of(code, record)
        size = code.mul(head["line"], machine.rows * shape.filters)
        begin = _sum(code, head, code.sub(head["low"], shape.taps - 1), 0)
        with code.loop(0, code.ceil_div(size, machine.lanes * FLOAT)) as vector:
            code.store(code.zero, code.add(begin, code.mul(vector, machine.lanes * FLOAT)))
        first = code.most(head["first"], code.sub(head["low"], head["pad"]))
        reach = code.add(code.sub(head["high"], head["pad"]), shape.taps - 1)
        last = code.least(head["last"], reach)
        list_rows(code, columns_of(shape, machine), head, code.whole(0), first, last)
        with code.loop(first, last) as row:
            span = span_of(code, head, row)
            with code.where(code.below(span["begin"], span["end"])):
                _add_row(writer, shape, head, kernel, row)
        with code.loop(head["low"], head["high"]) as row, code.loop(0, machine.rows) as item:
            line = code.mul(item, shape.filters)
            made = [
                code.load_scalar(_sum(code, head, row, code.add(line, filter)))
                for filter in range(shape.filters)
            ]
            entry = writer.item(record, row, item)
            entry.vector(code.whole(0), shape.filters, code.vector_of(made))


def _sum(code: Code, head: dict[str, Value], row: Value, number: Value | int) -> Value:
    """The address of the sum of an output row in the line of a number."""
    return code.add(head["sums"], code.mul(head["line"], number), code.mul(row, FLOAT))


def _add_row(
    writer: Writer, shape: Shape, head: dict[str, Value], kernel: Value, row: Value
) -> None:
    """Add what one input row gives to every output row that it reaches."""
    code, machine = writer.code, writer.code.machine
    columns = _columns(shape.taps, machine)
    single = columns_of(shape, machine)
    unpadded = {**head, "pad": code.whole(0)}
    sums = code.address(code.room(code.vector, machine.rows * machine.vectors))
    first = code.sub(code.add(row, head["pad"]), shape.taps - 1)
    begin = 0
    for vectors in panels_of(single.filters, machine):
        weights = code.add(kernel, begin * machine.lanes * shape.channels * FLOAT)
        tally = writer.constants.get(TALLY)
        accumulate(code, single, unpadded, row, weights, vectors * machine.lanes, sums, tally)
        with code.loop(0, machine.rows) as item:
            for vector in range(vectors):
                filter, tap = divmod((begin + vector) * machine.lanes, columns)
                number = code.add(code.mul(item, shape.filters), filter)
                target = _sum(code, head, code.add(first, tap), number)
                place = code.add(code.mul(item, vectors), vector)
                made = code.load(code.add(sums, code.mul(place, machine.lanes * FLOAT)))
                code.store(code.build.fadd(code.load(target), made), target)
        begin += vectors
