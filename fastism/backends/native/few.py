"""The product of a tile where filters are too few to fill a vector: along the channels instead.

A profile head of two filters would leave 14 of 16 lanes idle. Here a vector holds channels of one
item, and each item and filter has a vector of sums, which are added up at the end. The kernel is
packed as ``[filter][tap][channel]``, with zeros up to whole vectors.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fastism.backends.native.code import Code, Value
from fastism.backends.native.machine import Machine
from fastism.backends.native.shapes import Shape, head_of, taps_met
from fastism.backends.native.writing import BYTES, FLOAT, Writer

MOST_FILTERS: Final = 4
"""Filters up to which sums run along the channels."""


def few_filters(shape: Shape, machine: Machine) -> bool:
    """Whether a product has so few filters, and channels enough, that sums run along these."""
    few = shape.groups == 1 and shape.filters <= MOST_FILTERS
    return few and shape.channels >= machine.lanes


def pack_few(kernel: npt.NDArray[Any], machine: Machine) -> npt.NDArray[np.float32]:
    """A kernel (taps, channels, filters) by filter, its channels filled up with zeros."""
    taps, channels, filters = kernel.shape
    full = -(-channels // machine.lanes) * machine.lanes
    packed = np.zeros((filters, taps, full), np.float32)
    packed[:, :, :channels] = kernel.transpose(2, 0, 1)
    return packed.ravel()


def write_few(writer: Writer, shape: Shape, kernel: Value) -> None:
    """Write the loop over the tiles of a block. kernel: the address of the packed kernel."""
    code, machine = writer.code, writer.code.machine
    records, tiles = code.arguments[:2]
    sums = code.address(code.room(code.vector, machine.rows))
    with code.loop(0, tiles) as tile:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        head = head_of(code, record)
        with code.loop(head["low"], head["high"]) as row:
            with code.loop(0, machine.rows) as item:
                empty = code.add(sums, code.mul(item, machine.lanes * FLOAT))
                code.store(code.zero, empty)
            for first in range(0, shape.filters, machine.vectors):
                filters = range(first, min(first + machine.vectors, shape.filters))
                _sums(code, shape, head, row, kernel, filters, sums)
            with code.loop(0, machine.rows) as item:
                entry = writer.item(record, row, item)
                made = code.load(code.add(sums, code.mul(item, machine.lanes * FLOAT)))
                entry.vector(code.whole(0), shape.filters, made)


def _sums(
    code: Code,
    shape: Shape,
    head: dict[str, Value],
    row: Value,
    kernel: Value,
    filters: range,
    sums: Value,
) -> None:
    """The sums of a few filters for every item, each into its lane of the item's vector."""
    build, machine = code.build, code.machine
    vectors = -(-shape.channels // machine.lanes)
    tap_bytes = vectors * machine.lanes * FLOAT
    totals = [[code.room(code.vector) for _ in filters] for _ in range(machine.rows)]
    for total in (each for line in totals for each in line):
        build.store(code.zero, total)
    base, low, high = taps_met(code, shape, head, row)
    with code.loop(low, high) as tap:
        source = code.add(base, code.mul(tap, shape.dilation))
        inputs = code.add(head["input"], code.mul(source, shape.item * machine.rows))
        weights = code.add(kernel, code.mul(tap, tap_bytes))

        def vector(offset: Value, lanes: int) -> None:
            lines = [
                code.load(code.add(weights, offset, each * shape.taps * tap_bytes))
                for each in filters
            ]
            for item, line_totals in enumerate(totals):
                numbers = code.load(code.add(inputs, offset, item * shape.item))
                numbers = code.without_rest(numbers, lanes)  # what fills up a row may be anything
                code.keep_order()
                for line, total in zip(lines, line_totals, strict=True):
                    before = build.load(total, typ=code.vector)
                    build.store(code.fma(numbers, line, before), total)

        code.by_vector(shape.channels, vector)
    for item, line_totals in enumerate(totals):
        for each, total in zip(filters, line_totals, strict=True):
            place = code.add(sums, (item * machine.lanes + each) * FLOAT)
            code.store_number(code.sum_of_lanes(build.load(total, typ=code.vector)), place)
