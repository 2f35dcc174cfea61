"""Write what a loop does with an entry of its result: read rows, apply the ops, store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fastism.backends.native.code import Code, Value
from fastism.backends.native.elements import ELEMENTS
from fastism.backends.native.expressions import (
    Applied,
    Joined,
    Masked,
    Product,
    Read,
    Step,
    Zero,
    parts_of,
)

BYTES = 8
FLOAT = 4

ZEROS, KERNEL, BIAS, TALLY, TABLE = "zeros", "kernel", "bias", "tally", "table"
"""What the constants of a loop are called beside those of its element-wise nodes."""


@dataclass(frozen=True)
class Row:
    """How the rows of a slot lie in memory.

    stride: bytes from one to the next; 0 where one stands for all. tile: whether they lie in tiles.
    padded: whether a row is whole vectors.
    """

    stride: int
    tile: bool
    padded: bool


@dataclass(frozen=True)
class Record:
    """The numbers that a loop is given for a tile: ``header`` of them, then three an item and slot.

    These are the address that row 0 of the frame has, the first row that exists, and how many do.
    """

    header: int
    slots: int
    rows: int

    @property
    def size(self) -> int:
        """Numbers a tile."""
        return self.header + 3 * self.slots * self.rows

    def at(self, slot: int, part: int) -> int:
        """Where the numbers of a slot begin: 0 addresses, 1 first rows, 2 counts."""
        return self.header + (3 * slot + part) * self.rows


class Writer:
    """Writes the code for the entries of one loop's result.

    steps: what leads to an entry, see `Expression`. rows: how each slot lies in memory. channels:
    of the result. constants: the address of each constant a channel, by name. shift: slots that
    stand between that of the result and those that the steps number. groups: runs of channels that
    are written one after the other.
    """

    def __init__(
        self,
        code: Code,
        steps: Sequence[Step],
        record: Record,
        rows: Sequence[Row | None],
        channels: int,
        constants: dict[str, Value],
        shift: int = 0,
        groups: int = 1,
    ) -> None:
        self.shift = shift
        self.groups = groups
        self.code = code
        self.steps = steps
        self.record = record
        self.rows = rows
        self.channels = channels
        self.constants = constants
        self.parts = parts_of(steps, channels)

    def by_vector(self, each: Callable[[Value, int, int], None]) -> None:
        """Write for the vectors of all channels, part by part of what stands side by side.

        each: given the bytes that lead to a vector, how many of its numbers are channels, and the
        channel at which the part begins.
        """
        code = self.code
        for first, last in self.parts:

            def vector(place: Value, lanes: int, first: int = first) -> None:
                each(code.add(place, first * FLOAT), lanes, first)

            code.by_vector(last - first, vector)

    def item(self, tile: Value, frame_row: Value, item: Value) -> Item:
        """The entries of one item in one row of the frame; ``tile`` is the address of a record."""
        return Item(self, tile, frame_row, item)


class Item:
    """One row of one item."""

    def __init__(self, writer: Writer, tile: Value, frame_row: Value, item: Value) -> None:
        self.writer = writer
        self.code = writer.code
        self._row = frame_row
        self._record = self.code.add(tile, self.code.mul(item, BYTES))
        self._found: dict[int, tuple[Value, Value | None]] = {}
        for slot in range(len(writer.rows)):
            self._look(slot)

    def _look(self, slot: int) -> None:
        """Whether the row exists in a slot, and where."""
        code, record = self.code, self.writer.record
        low, count, address = (
            code.load_int(self._record, BYTES * record.at(slot, part)) for part in (1, 2, 0)
        )
        row = self.writer.rows[slot]
        where = None if row is None else code.add(address, code.mul(self._row, row.stride))
        self._found[slot] = code.inside(self._row, low, count), where

    def fetch(self, channel: Value, size: int) -> None:
        """Have so many bytes, from a channel on, of all that is read and written on their way."""
        for slot, (_, where) in self._found.items():
            if where is not None:
                self.code.fetch(self.code.add(where, channel), size, write=slot == 0)

    def _number(self, slot: int) -> int:
        """The number of a slot of the expression among all of the loop."""
        return slot + self.writer.shift if slot else 0

    def vector(self, channel: Value, lanes: int, product: Value | None, part: int = 0) -> None:
        """Compute and store one vector, from the channel that a number of bytes leads to.

        lanes: how many of its numbers are channels. product: what the root of the loop made. part:
        the channel at which the part begins that the vector is of.
        """
        here = _Here(channel, lanes, product, part)
        self._store(self._value(len(self.writer.steps) - 1, here), channel, lanes)

    def _store(self, value: Value, channel: Value, lanes: int) -> None:
        """Into a tile, zeros where the row is none of the item's; elsewhere, nothing then."""
        code, (there, where), row = self.code, self._found[0], self.writer.rows[0]
        assert row is not None
        address = code.add(where, channel)
        if row.tile:
            # The last vector of a group or part must not reach into what stands behind the row.
            kept = None if self.writer.groups == len(self.writer.parts) == 1 else lanes
            code.store(code.pick(there, value, code.zero), address, kept)
            return
        with code.where(there):
            code.store(value, address, lanes)

    def _value(self, number: int, here: _Here) -> Value:
        """What a step comes to; of those before it, only what it needs is written."""
        if number not in here.known:
            here.known[number] = self._written(self.writer.steps[number], here)
        return here.known[number]

    def _written(self, step: Step, here: _Here) -> Value:
        if isinstance(step, Zero):
            return self.code.zero
        if isinstance(step, Product):
            return self._product(here)
        if isinstance(step, Read):
            return self._read(step, here)
        if isinstance(step, Masked):
            there, _ = self._found[self._number(step.slot)]
            inner, fill = self._value(step.step, here), self.code.number(step.fill)
            other = fill if step.other is None else self._value(step.other, here)
            return self.code.pick(there, inner, other)
        if isinstance(step, Joined):
            (part,) = (each for first, last, each in step.parts if first <= here.part < last)
            return self._value(part, here)
        return self._applied(step, here)

    def _product(self, here: _Here) -> Value:
        """What the root made, with its bias."""
        bias = self.writer.constants.get(BIAS)
        if bias is None:
            return here.product
        address = self.code.add(bias, here.channel)
        return self.code.build.fadd(here.product, self.code.load(address))

    def _read(self, step: Read, here: _Here) -> Value:
        code, row = self.code, self.writer.rows[self._number(step.slot)]
        there, where = self._found[self._number(step.slot)]
        assert row is not None
        address = code.pick(there, where, self.writer.constants[ZEROS])
        whole = row.padded and len(self.writer.parts) == 1
        value = step.channels.load(code, address, here.channel, here.lanes, whole)
        return value if step.fill == 0 else code.pick(there, value, code.number(step.fill))

    def _applied(self, step: Applied, here: _Here) -> Value:
        code, node = self.code, step.node

        def constant(role: str) -> Value:
            name = node.constant(role)
            assert name is not None
            address = self.writer.constants[name]
            return step.channels.load(code, address, here.channel, here.lanes, whole=True)

        inputs = [self._value(each, here) for each in step.inputs]
        return ELEMENTS[node.op](code, node, inputs, constant)


@dataclass(frozen=True)
class _Here:
    """A vector that is being written: where its channels begin, in bytes, and how many there are.

    product: what the root of the loop made. part: the first channel of the part that it is of.
    known: what steps have come to, by number.
    """

    channel: Value
    lanes: int
    product: Value | None
    part: int
    known: dict[int, Value] = field(default_factory=dict)
