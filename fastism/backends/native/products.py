"""The product of a tile: items by channels, over the taps whose input row is in the window.

Of an input row only those channels are multiplied that some item of the tile has a number other
than zero in (`live`): a product with zero adds nothing, so that what is left out changes no bit.
Sums run over taps and then channels, upwards, whatever the tile and the block. The channels of all
taps are one list, and one loop: with few channels left of each tap, loops of their own would take
as long to begin and end as to run.

The order of the rows is the cache's. Where filters are many and windows short, a *panel* of the
kernel stays in the cache while all tiles of a block pass by. Where windows are wide, all panels are
done for a *strip* of rows before the next, so that the input is read from far memory once. With
dilation a strip holds rows that are multiples of it apart, which read the same input rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from fastism.backends.native.code import F32, I32, I64, Code, Value
from fastism.backends.native.live import are_copied, list_apart, list_rows, span_of
from fastism.backends.native.machine import Machine
from fastism.backends.native.shapes import (
    Shape,
    Windowed,
    head_of,
    packed_bytes,
    panels_of,
    taps_met,
)
from fastism.backends.native.writing import BYTES, FLOAT, TALLY, Writer

CACHE = 512 << 10
"""Bytes of the cache beside a core that a strip's input, or a kernel, may take."""
FEW_ROWS, MANY_ROWS = 8, 64
"""Rows of a strip: enough for a kernel to pass by once, and no more than pay."""


WriteRow: TypeAlias = Callable[[Value, dict[str, Value], Value], None]
"""Writes what is done for a row, given the record of its tile, what that begins with, and which."""


@dataclass(frozen=True)
class Strips:
    """The rows of a strip: ``steps`` runs of ``run`` rows, ``apart`` rows from one to the next."""

    apart: int
    run: int
    steps: int

    @classmethod
    def of(cls, shape: Windowed, machine: Machine) -> Strips:
        """Those that suit a product."""
        small = packed_bytes(shape, machine) <= CACHE
        fitting = CACHE // (shape.item * machine.rows)
        rows = FEW_ROWS if small else max(FEW_ROWS, min(fitting, MANY_ROWS))
        apart = shape.dilation if shape.stride == 1 else 1
        each = -(-shape.rows // apart)
        run = max(1, min(apart, rows // each))
        return cls(apart, run, max(rows // run, 1))


def strips_pay(shape: Windowed, machine: Machine) -> bool:
    """Whether less is read from far memory strip by strip than panel by panel."""
    window = shape.length * shape.item * machine.rows
    weights = packed_bytes(shape, machine)
    if weights > CACHE:
        strips = Strips.of(shape, machine)
        weights *= -(-shape.rows // (strips.run * strips.steps))
    panels = len(panels_of(shape.filters, machine))
    return window + weights <= panels * window or panels == 1


def strips_of(shape: Windowed, machine: Machine) -> Strips | None:
    """The strips that the rows of a product are cut into; None where they are not cut."""
    each = shape.of_group()
    return Strips.of(each, machine) if strips_pay(each, machine) else None


def write_product(writer: Writer, shape: Shape, strips: Strips | None, kernel: Value) -> None:
    """Write the loop over the tiles of a block. kernel: the address of the packed kernel."""
    code = writer.code
    records, tiles = code.arguments[:2]
    each = shape.of_group()
    size = packed_bytes(each, code.machine)

    def of_tile(tile: Value) -> tuple[Value, dict[str, Value]]:
        record = code.add(records, code.mul(tile, BYTES * writer.record.size))
        return record, head_of(code, record)

    with code.loop(0, shape.groups) as group:
        first = code.mul(group, each.channels * FLOAT)
        weights = code.add(kernel, code.mul(group, size))
        channel, far = code.mul(group, each.filters * FLOAT), strips is not None
        panels = _Panels(writer, each, first, weights, channel, far)
        if strips is not None:
            with code.loop(0, tiles) as tile:
                _by_strips(panels, strips, *of_tile(tile))
        else:
            _by_panels(panels, tiles, of_tile)


def _by_panels(
    panels: _Panels, tiles: Value, of_tile: Callable[[Value], tuple[Value, dict[str, Value]]]
) -> None:
    """All tiles of a block, panel by panel."""
    code = panels.writer.code
    with code.loop(0, tiles) as tile:
        _, head = of_tile(tile)
        list_rows(code, panels.shape, head, panels.first, head["first"], head["last"])

    def panel(write: WriteRow) -> None:
        with code.loop(0, tiles) as tile:
            record, head = of_tile(tile)
            with code.loop(head["low"], head["high"]) as row:
                write(record, head, row)

    panels.write(panel)


def _by_strips(panels: _Panels, strips: Strips, record: Value, head: dict[str, Value]) -> None:
    """All rows of a tile, strip by strip."""
    code, shape = panels.writer.code, panels.shape
    apart, run = strips.apart, strips.run
    count = code.sub(head["high"], head["low"])
    steps = code.ceil_div(count, apart)
    if apart == 1:
        list_rows(code, shape, head, panels.first, head["first"], head["last"])
    with code.loop(0, -(-apart // run)) as number:
        begin = code.mul(number, run)
        if apart > 1:
            _list_apart(panels, head, strips, begin)
        end = code.least(code.add(begin, run), apart)
        with code.loop(0, code.ceil_div(steps, strips.steps)) as strip:
            first = code.add(head["low"], code.mul(strip, strips.steps * apart))

            def panel(write: WriteRow) -> None:
                with code.loop(0, strips.steps) as step:
                    start = code.add(first, code.mul(step, apart))
                    last = code.least(code.add(start, end), head["high"])
                    with code.loop(code.add(start, begin), last) as row:
                        write(record, head, row)

            panels.write(panel)


def _list_apart(panels: _Panels, head: dict[str, Value], strips: Strips, begin: Value) -> None:
    """List the channels of the input rows that the strips from ``begin`` on read."""
    code, apart = panels.writer.code, strips.apart
    end = code.least(code.add(begin, strips.run), apart)
    found = code.room(I64)
    code.build.store(code.whole(0), found)
    with code.loop(begin, end) as offset:
        first = code.add(code.sub(head["low"], head["pad"]), offset)
        missing = code.ceil_div(code.sub(head["first"], first), apart)
        first = code.add(first, code.mul(missing, apart))
        last = head["last"]
        list_apart(code, panels.shape, head, panels.first, first, last, found, strips.run)


class _Panels:
    """The panels of one group: its channels begin at ``first``, its filters at ``channel``.

    far: whether what a row reads and writes is far from the core, and better on its way before.
    """

    def __init__(
        self,
        writer: Writer,
        shape: Shape,
        first: Value,
        kernel: Value,
        channel: Value,
        far: bool,
    ) -> None:
        self.writer = writer
        self.shape = shape
        self.first = first
        self._kernel = kernel
        self._channel = channel
        self._far = far
        code, machine = writer.code, writer.code.machine
        self._sums = code.address(code.room(code.vector, machine.rows * machine.vectors))

    def write(self, rows: Callable[[WriteRow], None]) -> None:
        """Write all panels. rows: writes the loop over the rows of one, given what a row takes."""
        code, machine, shape = self.writer.code, self.writer.code.machine, self.shape
        widths = panels_of(shape.filters, machine)
        ragged = shape.filters % machine.lanes != 0  # the last vector: its panel is not as others
        alike = Counter(widths[:-1] if ragged else widths)
        vector_bytes = machine.lanes * FLOAT

        def panel(begin: Value, vectors: int, filters: int) -> None:
            """The panel that begins at a vector, and holds so many."""
            size = shape.taps * shape.channels * vector_bytes
            weights = code.add(self._kernel, code.mul(begin, size))
            channel = code.add(self._channel, code.mul(begin, vector_bytes))
            rows(
                lambda record, head, row: self._row(
                    record, head, row, weights, channel, vectors, filters
                )
            )

        begin = 0
        for vectors, count in alike.items():
            with code.loop(0, count) as number:
                panel(code.add(begin, code.mul(number, vectors)), vectors, vectors * machine.lanes)
            begin += vectors * count
        if ragged:
            panel(code.whole(begin), widths[-1], shape.filters - begin * machine.lanes)

    def _row(
        self,
        record: Value,
        head: dict[str, Value],
        row: Value,
        weights: Value,
        channel: Value,
        vectors: int,
        filters: int,
    ) -> None:
        """One panel of one row of the frame, for all items of the tile."""
        code, machine, sums = self.writer.code, self.writer.code.machine, self._sums
        tally = self.writer.constants.get(TALLY)
        if self._far:
            with code.loop(0, machine.rows) as item:
                size = vectors * machine.lanes * FLOAT
                self.writer.item(record, row, item).fetch(channel, size)
        inputs = {**head, "input": code.add(head["input"], self.first)}
        accumulate(code, self.shape, inputs, row, weights, filters, sums, tally)
        with code.loop(0, machine.rows) as item:
            entry = self.writer.item(record, row, item)
            for vector in range(vectors):
                lanes = min(machine.lanes, filters - vector * machine.lanes)
                place = code.add(channel, vector * machine.lanes * FLOAT)
                here = code.add(
                    sums,
                    code.mul(item, vectors * machine.lanes * FLOAT),
                    vector * machine.lanes * FLOAT,
                )
                entry.vector(place, lanes, code.load(here))


def accumulate(
    code: Code,
    shape: Shape,
    head: dict[str, Value],
    row: Value,
    weights: Value,
    filters: int,
    sums: Value,
    tally: Value | None = None,
) -> None:
    """The sums of one row of the frame and so many filters, into memory: items by vectors.

    Of a last vector that is half empty or more, only the first half is multiplied.
    tally: the address where channels are counted, those multiplied and all that are there.
    """
    build, machine = code.build, code.machine
    vectors = -(-filters // machine.lanes)
    width = vectors * machine.lanes * FLOAT
    kinds = [code.vector] * vectors
    if vectors * machine.lanes - filters >= machine.lanes // 2 > 1:
        kinds[-1] = code.half
    totals = [[code.room(kind) for kind in kinds] for _ in range(machine.rows)]
    for line_totals in totals:
        for kind, total in zip(kinds, line_totals, strict=True):
            build.store(ir.Constant(kind, None), total)
    base, low, high = taps_met(code, shape, head, row)
    with code.where(code.below(low, high)):
        source = code.add(base, code.mul(low, shape.dilation))
        span = span_of(code, head, source)
        last = code.add(base, code.mul(code.sub(high, 1), shape.dilation))
        end = span_of(code, head, last)["end"]
        if tally is not None:
            code.count(code.sub(end, span["begin"]), tally)
            there = code.mul(code.sub(high, low), shape.channels)
            code.count(there, code.add(tally, BYTES))
        skipped = code.sub(code.mul(low, shape.channels), span["line"])
        panel = code.add(weights, code.mul(skipped, width))
        lines, places = code.pointer(head["lines"]), code.pointer(head["numbers"])
        begin, apart = head["numbers"], head["apart"]
        copied = are_copied(shape, machine)
        if not copied:
            begin = code.add(head["input"], code.mul(head["first"], shape.item * machine.rows))
            apart = code.whole(shape.item)
        inputs = [
            code.pointer(code.add(begin, code.mul(apart, item))) for item in range(machine.rows)
        ]
        with code.loop(span["begin"], end) as entry:
            line = build.zext(code.load_of(lines, entry, I32), I64)
            line = code.add(panel, code.mul(line, width))
            place = entry if copied else build.zext(code.load_of(places, entry, I32), I64)
            kernel = [
                build.load(
                    code.pointer(code.add(line, vector * machine.lanes * FLOAT)), typ=kind, align=4
                )
                for vector, kind in enumerate(kinds)
            ]
            for numbers, line_totals in zip(inputs, totals, strict=True):
                number = code.spread(code.load_of(numbers, place, F32))
                code.keep_order()
                for kind, vector, total in zip(kinds, kernel, line_totals, strict=True):
                    numbers_of_item = number if kind is code.vector else code.first_half(number)
                    before = build.load(total, typ=kind)
                    build.store(code.fma(numbers_of_item, vector, before), total)
    for item, line_totals in enumerate(totals):
        for vector, (kind, total) in enumerate(zip(kinds, line_totals, strict=True)):
            offset = item * width + vector * machine.lanes * FLOAT
            made = build.load(total, typ=kind)
            code.store(made if kind is code.vector else code.filled(made), code.add(sums, offset))
