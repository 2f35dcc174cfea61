"""Write what a loop does with an entry of its result: read rows, apply the ops, store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastism.backends.native.code import Code, Value
from fastism.backends.native.elements import ELEMENTS
from fastism.backends.native.expressions import Masked, Product, Read, Step
from fastism.ir.graph import Node

BYTES = 8
FLOAT = 4

ZEROS, KERNEL, BIAS, TALLY = "zeros", "kernel", "bias", "tally"
"""What the constants of a loop are called beside those of its element-wise nodes."""


@dataclass(frozen=True)
class Row:
    """How the rows of a slot lie in memory.

    stride: bytes from one to the next. tile: whether they lie in tiles. padded: whether a row is
    whole vectors.
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

    def _number(self, slot: int) -> int:
        """The number of a slot of the expression among all of the loop."""
        return slot + self.writer.shift if slot else 0

    def vector(self, channel: Value, lanes: int, product: Value | None) -> None:
        """Compute and store one vector, from the channel that a number of bytes leads to.

        lanes: how many of its numbers are channels. product: what the root of the loop made.
        """
        values: list[Value] = []
        for step in self.writer.steps:
            values.append(self._value(step, channel, lanes, product, values))
        self._store(values[-1], channel, lanes)

    def _store(self, value: Value, channel: Value, lanes: int) -> None:
        """Into a tile, zeros where the row is none of the item's; elsewhere, nothing then."""
        code, (there, where), row = self.code, self._found[0], self.writer.rows[0]
        assert row is not None
        address = code.add(where, channel)
        if row.tile:
            # A group's last vector must not reach into what stands behind the row.
            kept = None if self.writer.groups == 1 else lanes
            code.store(code.pick(there, value, code.zero), address, kept)
            return
        with code.where(there):
            code.store(value, address, lanes)

    def _value(
        self,
        step: Step,
        channel: Value,
        lanes: int,
        product: Value | None,
        values: Sequence[Value],
    ) -> Value:
        """What a step comes to, given those before it."""
        code = self.code
        if isinstance(step, Product):
            return self._product(product, channel)
        if isinstance(step, Read):
            return self._read(step, channel, lanes)
        if isinstance(step, Masked):
            there, _ = self._found[self._number(step.slot)]
            return code.pick(there, values[step.step], code.number(step.fill))
        return self._apply(step.node, [values[index] for index in step.inputs], channel)

    def _product(self, value: Value, channel: Value) -> Value:
        """What the root made, with its bias."""
        bias = self.writer.constants.get(BIAS)
        if bias is None:
            return value
        return self.code.build.fadd(value, self.code.load(self.code.add(bias, channel)))

    def _read(self, step: Read, channel: Value, lanes: int) -> Value:
        code, row = self.code, self.writer.rows[self._number(step.slot)]
        there, where = self._found[self._number(step.slot)]
        assert row is not None
        nowhere = self.writer.constants[ZEROS]
        address = code.add(code.pick(there, where, nowhere), channel)
        value = code.load(address, None if row.padded else lanes)
        return value if step.fill == 0 else code.pick(there, value, code.number(step.fill))

    def _apply(self, node: Node, inputs: Sequence[Value], channel: Value) -> Value:
        def constant(role: str) -> Value:
            name = node.constant(role)
            assert name is not None
            return self.code.load(self.code.add(self.writer.constants[name], channel))

        form = ELEMENTS[node.op]
        return form(self.code, node, inputs, constant)
