"""The product of a tile: items by channels, over the taps whose input row is in the window.

Convolutions, whole or of a delta, and dense layers are one loop. An output row ``o`` of the frame
reads the input rows ``o * stride - pad + k * dilation``. Of an input row only those channels are
multiplied that some item of the tile has a number other than zero in: a product with zero adds
nothing, so that what is left out changes no bit. Sums run over taps and then channels, upwards,
whatever the tile and the block.

The kernel is packed in panels of so many vectors of filters: ``[panel][tap][channel][lane]``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from fastism.backends.native.code import I64, Code, Value
from fastism.backends.native.machine import Machine
from fastism.backends.native.writing import BYTES, FLOAT, Writer

HEADER = ("low", "high", "first", "last", "input", "pad", "lists", "counts")
"""What a tile's record begins with: the rows of the frame to make, those of the input that are
there, the address that row 0 of the input has, the padding, and where the lists of channels of row
0 are, and how many channels each holds."""


@dataclass(frozen=True)
class Shape:
    """A product: channels in, filters out, taps, and how rows meet.

    item: bytes of an input row from one item to the next. groups: each group of filters reads its
    own group of channels. skip: whether products with zero are left out.
    """

    channels: int
    filters: int
    taps: int
    dilation: int
    stride: int
    item: int
    skip: bool
    groups: int = 1

    def of_group(self) -> Shape:
        """One group, as a product of its own."""
        each = replace(self, channels=self.channels // self.groups, groups=1)
        return replace(each, filters=self.filters // self.groups)


def pack(kernel: npt.NDArray[Any], machine: Machine, groups: int = 1) -> npt.NDArray[np.float32]:
    """A kernel (taps, channels, filters) in panels, one group of filters after the other."""
    parts = np.split(kernel, groups, axis=2)
    return np.concatenate([_pack_group(part, machine) for part in parts])


def _pack_group(kernel: npt.NDArray[Any], machine: Machine) -> npt.NDArray[np.float32]:
    taps, channels, filters = kernel.shape
    lanes = machine.lanes
    full = -(-filters // lanes) * lanes
    padded = np.zeros((taps, channels, full), np.float32)
    padded[:, :, :filters] = kernel
    wide = lanes * machine.vectors
    panels = [padded[:, :, first : first + wide].ravel() for first in range(0, full, wide)]
    return np.concatenate(panels)


def write_product(writer: Writer, shape: Shape, kernel: Value) -> None:
    """Write the loop over the tiles of a block. kernel: the address of the packed kernel."""
    code, machine = writer.code, writer.code.machine
    records, tiles = code.arguments[:2]
    each = shape.of_group()
    size = -(-each.filters // machine.lanes) * machine.lanes * each.taps * each.channels * FLOAT
    with code.loop(0, shape.groups) as group:
        first = code.mul(group, each.channels * FLOAT)
        _list_channels(writer, each, first, records, tiles)
        weights = code.add(kernel, code.mul(group, size))
        _panels(writer, each, first, weights, code.mul(group, each.filters * FLOAT))


def _panels(writer: Writer, shape: Shape, first: Value, kernel: Value, channel: Value) -> None:
    """All panels of a group, whose channels begin at ``first``, and its filters at ``channel``."""
    code, machine = writer.code, writer.code.machine
    wide = machine.lanes * machine.vectors
    full, rest = divmod(-(-shape.filters // machine.lanes), machine.vectors)
    ragged = rest == 0 and shape.filters % machine.lanes != 0
    alike = full - 1 if ragged else full
    panel_bytes = shape.taps * shape.channels * wide * FLOAT
    if alike:
        with code.loop(0, alike) as panel:
            weights = code.add(kernel, code.mul(panel, panel_bytes))
            there = code.add(channel, code.mul(panel, wide * FLOAT))
            _panel(writer, shape, first, weights, there, machine.vectors, wide)
    if ragged or rest:
        weights = code.add(kernel, alike * panel_bytes)
        there = code.add(channel, alike * wide * FLOAT)
        vectors = machine.vectors if ragged else rest
        _panel(writer, shape, first, weights, there, vectors, shape.filters - alike * wide)


def _list_channels(
    writer: Writer, shape: Shape, begin: Value, records: Value, tiles: Value
) -> None:
    """For every input row, the channels that are not zero in all items of the tile."""
    code, machine = writer.code, writer.code.machine
    row_bytes = shape.item * machine.rows
    with code.loop(0, tiles) as tile:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        head = head_of(code, record)
        with code.loop(head["first"], head["last"]) as row:
            source = code.add(head["input"], begin, code.mul(row, row_bytes))
            target = code.add(head["lists"], code.mul(row, FLOAT * shape.channels))
            found = code.room(I64)
            code.build.store(code.whole(0), found)
            whole, rest = divmod(shape.channels, machine.lanes)
            with code.loop(0, whole) as vector:
                first = code.mul(vector, machine.lanes)
                _list_vector(code, shape, source, target, found, first, machine.lanes)
            if rest:
                first = code.whole(whole * machine.lanes)
                _list_vector(code, shape, source, target, found, first, rest)
            count = code.build.load(found, typ=I64)
            code.store_int(count, code.add(head["counts"], code.mul(row, BYTES)))


def _list_vector(
    code: Code,
    shape: Shape,
    source: Value,
    target: Value,
    found: Value,
    first: Value,
    lanes: int,
) -> None:
    """Add those channels of one vector that are not zero in every item."""
    build, machine = code.build, code.machine
    every = [int(i < lanes) for i in range(machine.lanes)]
    chosen = ir.Constant(ir.VectorType(ir.IntType(1), machine.lanes), every)
    if shape.skip:
        place = code.add(source, code.mul(first, FLOAT))
        total = None
        for item in range(machine.rows):
            loaded = code.load(code.add(place, item * shape.item))
            bits = build.bitcast(loaded, code.integers)
            total = bits if total is None else build.or_(total, bits)
        signless = ir.Constant(code.integers, [0x7FFFFFFF] * machine.lanes)
        nonzero = build.icmp_unsigned(
            "!=", build.and_(total, signless), ir.Constant(code.integers, None)
        )
        chosen = build.and_(nonzero, chosen)
    before = build.load(found, typ=I64)
    if machine.lanes == 16:
        steps = ir.Constant(code.integers, list(range(machine.lanes)))
        base = build.trunc(first, ir.IntType(32))
        empty = ir.Constant(code.integers, ir.Undefined)
        single = build.insert_element(empty, base, ir.Constant(ir.IntType(32), 0))
        spread = build.shuffle_vector(
            single, empty, ir.Constant(code.integers, [0] * machine.lanes)
        )
        packed = code.compress(build.add(spread, steps), chosen)
        address = code.add(target, code.mul(before, FLOAT))
        build.store(packed, code.pointer(address), align=4)
        bits = build.bitcast(chosen, ir.IntType(machine.lanes))
        count = code.ones(bits)
        build.store(code.add(before, count), found)
        return
    for lane in range(lanes):
        index = code.add(first, lane)
        at = build.load(found, typ=I64)
        code.store_index(index, code.add(target, code.mul(at, FLOAT)))
        truth = build.extract_element(chosen, ir.Constant(ir.IntType(32), lane))
        build.store(code.add(at, build.zext(truth, I64)), found)


def head_of(code: Code, record: Value) -> dict[str, Value]:
    """What the record of a tile begins with."""
    return {name: code.load_int(record, BYTES * i) for i, name in enumerate(HEADER)}


def taps_met(
    code: Code, shape: Shape, head: dict[str, Value], row: Value
) -> tuple[Value, Value, Value]:
    """The input row of the first tap, and the taps whose input rows are there."""
    base = code.sub(code.mul(row, shape.stride), head["pad"])
    low = code.ceil_div(code.sub(head["first"], base), shape.dilation)
    high = code.least(shape.taps, code.ceil_div(code.sub(head["last"], base), shape.dilation))
    return base, low, high


def _panel(
    writer: Writer,
    shape: Shape,
    first: Value,
    weights: Value,
    channel: Value,
    vectors: int,
    filters: int,
) -> None:
    """One panel of filters for all tiles of the block."""
    code, machine = writer.code, writer.code.machine
    records, tiles = code.arguments[:2]
    sums = code.address(code.room(code.vector, machine.rows * vectors))
    with code.loop(0, tiles) as tile:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        head = head_of(code, record)
        with code.loop(head["low"], head["high"]) as row:
            inputs = {**head, "input": code.add(head["input"], first)}
            _accumulate(code, shape, inputs, row, weights, vectors, sums)
            with code.loop(0, machine.rows) as item:
                entry = writer.item(record, row, item)
                for vector in range(vectors):
                    lanes = min(machine.lanes, filters - vector * machine.lanes)
                    place = code.add(channel, vector * machine.lanes * FLOAT)
                    here = code.add(
                        sums,
                        code.mul(item, vectors * machine.lanes * FLOAT),
                        vector * machine.lanes * FLOAT,
                    )
                    entry.vector(place, lanes, code.load(here))


def _accumulate(
    code: Code,
    shape: Shape,
    head: dict[str, Value],
    row: Value,
    weights: Value,
    vectors: int,
    sums: Value,
) -> None:
    """The sums of one row of the frame, into memory: items by vectors."""
    build, machine = code.build, code.machine
    width = vectors * machine.lanes * FLOAT
    totals = [[code.room(code.vector) for _ in range(vectors)] for _ in range(machine.rows)]
    for total in (each for line in totals for each in line):
        build.store(code.zero, total)
    base, low, high = taps_met(code, shape, head, row)
    with code.loop(low, high) as tap:
        source = code.add(base, code.mul(tap, shape.dilation))
        inputs = code.add(head["input"], code.mul(source, shape.item * machine.rows))
        indices = code.add(head["lists"], code.mul(source, FLOAT * shape.channels))
        count = code.load_int(code.add(head["counts"], code.mul(source, BYTES)))
        panel = code.add(weights, code.mul(tap, shape.channels * width))
        with code.loop(0, count) as number:
            channel = code.load_index(code.add(indices, code.mul(number, FLOAT)))
            line = code.add(panel, code.mul(channel, width))
            place = code.add(inputs, code.mul(channel, FLOAT))
            kernel = [
                code.load(code.add(line, vector * machine.lanes * FLOAT))
                for vector in range(vectors)
            ]
            for item, line_totals in enumerate(totals):
                number_of_item = code.load_number(code.add(place, item * shape.item))
                code.keep_order()
                for vector, total in zip(kernel, line_totals, strict=True):
                    before = build.load(total, typ=code.vector)
                    build.store(code.fma(number_of_item, vector, before), total)
    for item, line_totals in enumerate(totals):
        for vector, total in enumerate(line_totals):
            offset = item * width + vector * machine.lanes * FLOAT
            code.store(build.load(total, typ=code.vector), code.add(sums, offset))
