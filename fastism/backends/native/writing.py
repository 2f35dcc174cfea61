"""Write what a loop does with an entry of its result: read rows, apply the ops, store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastism.backends.native.code import Code, Value
from fastism.backends.native.elements import ELEMENTS
from fastism.backends.native.expressions import Applied, Expression, Masked, Product, Read, Tree
from fastism.ir.graph import Node

BYTES = 8
FLOAT = 4


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

    rows: how each slot lies in memory. constants: the address of each constant a channel, by name.
    shift: slots that stand between that of the result and those that the expression numbers.
    groups: runs of channels that are written one after the other.
    """

    def __init__(
        self,
        code: Code,
        expression: Expression,
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
        self.expression = expression
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
        computed = self._value(self.writer.expression.tree, channel, lanes, product, {})
        self._store(computed, channel, lanes)

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
        tree: Tree,
        channel: Value,
        lanes: int,
        product: Value | None,
        known: dict[int, Value],
    ) -> Value:
        if id(tree) in known:
            return known[id(tree)]
        code = self.code
        if isinstance(tree, Product):
            value = self._product(product, channel)
        elif isinstance(tree, Read):
            value = self._read(tree, channel, lanes)
        elif isinstance(tree, Masked):
            inner = self._value(tree.tree, channel, lanes, product, known)
            value = code.pick(
                self._found[self._number(tree.slot)][0], inner, code.number(tree.fill)
            )
        else:
            assert isinstance(tree, Applied)
            inputs = [self._value(each, channel, lanes, product, known) for each in tree.inputs]
            value = self._apply(tree.node, inputs, channel)
        known[id(tree)] = value
        return value

    def _product(self, value: Value, channel: Value) -> Value:
        """What the root made, with its bias."""
        root = self.writer.expression.root
        bias = None if root is None else root.constant("bias")
        if bias is None:
            return value
        address = self.code.add(self.writer.constants[bias], channel)
        return self.code.build.fadd(value, self.code.load(address))

    def _read(self, tree: Read, channel: Value, lanes: int) -> Value:
        code, row = self.code, self.writer.rows[self._number(tree.slot)]
        there, where = self._found[self._number(tree.slot)]
        assert row is not None
        nowhere = self.writer.constants["zeros"]
        address = code.add(code.pick(there, where, nowhere), channel)
        value = code.load(address, None if row.padded else lanes)
        return value if tree.fill == 0 else code.pick(there, value, code.number(tree.fill))

    def _apply(self, node: Node, inputs: Sequence[Value], channel: Value) -> Value:
        def constant(role: str) -> Value:
            name = node.constant(role)
            assert name is not None
            return self.code.load(self.code.add(self.writer.constants[name], channel))

        form = ELEMENTS[node.op]
        return form(self.code, node, inputs, constant)
