"""Where the values of a block of tiles lie in memory, and what each loop is told of every tile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends.native.code import CACHE_LINE
from fastism.backends.native.emitted import Emitted, padded_channels
from fastism.backends.native.expressions import is_still
from fastism.backends.native.frames import Ints, Tiles
from fastism.backends.native.live import SPAN_BYTES, are_copied
from fastism.backends.native.machine import Machine
from fastism.backends.native.shapes import HEADER as PRODUCT_HEADER
from fastism.backends.native.support import is_along, is_rearranged
from fastism.backends.native.taps import along_taps, columns_of, line_bytes
from fastism.backends.native.writing import FLOAT
from fastism.ir.graph import Graph, Node
from fastism.ir.ops.shape import positions

Array = npt.NDArray[Any]
CACHE_SETS, LISTS_APART = 64, 9
"""Lines that are so many apart share a place of the nearest cache; lists begin so many apart of
these."""


@dataclass(frozen=True, eq=False)
class Window:
    """Where the windows of a value lie in the frames of the tiles.

    begin: the row at which each item's window begins, (T, R). low, high: the rows, of all items of
    the tile together, (T,).
    """

    begin: Ints
    low: Ints
    high: Ints

    @classmethod
    def of(cls, begin: Ints, width: int) -> Window:
        """Windows of one width."""
        return cls(begin, begin.min(axis=1), begin.max(axis=1) + width)


@dataclass(eq=False)
class Held:
    """A value in the tiles of a block: what a tile takes, and where the first one's begins.

    tiles: how many of them are held at a time.
    """

    window: Window
    row: int
    item: int
    size: int
    offset: int = 0
    tiles: int = 1


@dataclass(eq=False)
class Layout:
    """The windows and the places of all values of a call, in one phase.

    arrays: values of all items, of pairs or of sequences, by name. edit: the one whose windows lie
    where the sites are.
    """

    graph: Graph
    tiles: Tiles
    machine: Machine
    arrays: Mapping[str, Array]
    edit: str
    windows: dict[str, Window] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)

    def begin(self, emitted: Emitted) -> tuple[Ints, Ints]:
        """Where windows begin: those of what the root makes, and those of the result."""
        loop, root = emitted.loop, emitted.loop.root
        zero = np.zeros(self.tiles.item.shape, np.int64)
        if loop.aligned or (root is None and self.graph.values[loop.value].type.rank == 2):
            return zero, zero
        if root is None:
            begin = self._first_read(emitted)
            return begin, begin
        assert loop.source is not None
        made = self._made(root, self.held[loop.source].window.begin)
        return made, made + self.tiles.along(loop.expression.reached)

    def _made(self, root: Node, source: Ints) -> Ints:
        """Where the windows begin that a root makes of those that it reads."""
        stride = root.integer("stride", 1)
        if is_along(root) or (root.op in ("conv1d", "conv1d_spread") and stride == 1):
            return source
        if root.op in ("max_pool", "average_pool"):
            made = source // stride
        elif root.op == "upsample":
            made = source * root.integer("factor")
        elif is_rearranged(self.graph, root) and root.type.rank == 3:
            read = self.graph.values[root.inputs[0]].type
            made = source * root.type.length // read.length
        elif root.op == "slice":
            made = source // positions(root, self.graph.values[root.inputs[0]].type.length).step
        else:
            return np.zeros_like(source)
        first: Ints = made - made.min(axis=1, keepdims=True)
        return first

    def _first_read(self, emitted: Emitted) -> Ints:
        """The frame of a loop without a root: that of the first value of items that it reads."""
        for slot in emitted.slots[1:]:
            if slot.value is None or is_still(slot.path):
                continue
            if slot.value in self.held:
                return self.held[slot.value].window.begin + self.tiles.along(slot.path)
            if slot.value == self.edit:
                return self.tiles.origin + self.tiles.along(slot.path)
        return np.zeros(self.tiles.item.shape, np.int64)

    def hold(self, emitted: Emitted) -> None:
        """Note where the result of a loop lies."""
        loop = emitted.loop
        made, begin = self.begin(emitted)
        width = self.graph.values[loop.value].type.length
        self.windows[loop.name] = Window.of(begin, width)
        self.windows[loop.name + "@root"] = Window.of(made, width)
        if loop.tiled:
            window = self.windows[loop.name]
            full = padded_channels(self.graph.values[loop.value].type.channels, self.machine)
            row = full * FLOAT * self.machine.rows
            rows = int((window.high - window.low).max())
            self.held[loop.name] = Held(window, row, full * FLOAT, rounded(rows * row))

    def records(self, emitted: Emitted, scratch: int, block: int, lists: int) -> Ints:
        """What a loop is told of every tile, (T, size).

        scratch: the address of the memory of a block. block: tiles that go through the loop
        together. lists: where in that memory the lists of channels begin.
        """
        tiles, record = len(self.tiles.item), emitted.record
        result = np.zeros((tiles, record.size), np.int64)
        window = self.windows[emitted.loop.name]
        result[:, 0], result[:, 1] = window.low, window.high
        if emitted.is_product:
            self._product(emitted, result, scratch, block, lists)
        for number in range(record.slots):
            address, low, count = self._slot(emitted, number, window.begin, scratch)
            rows = self.machine.rows
            for part, numbers in enumerate((address, low, count)):
                at = record.at(number, part)
                result[:, at : at + rows] = numbers
        return result

    def _product(
        self, emitted: Emitted, result: Ints, scratch: int, block: int, lists: int
    ) -> None:
        """The numbers of a product's record that are the tile's."""
        loop, root = emitted.loop, emitted.loop.root
        assert loop.source is not None
        assert root is not None
        assert emitted.shape is not None
        source = self.held[loop.source]
        first = source.window.low
        rows = source.size // source.row + 1
        channels = emitted.shape.of_group().channels  # groups are listed one after the other
        place = self._numbers % block
        begin = scratch + self._places(source)
        pad = np.full(len(result), emitted.pad)
        if root.op == "dense_rows":
            name = root.constant("start")
            assert name is not None
            pad = self.tiles.along((name,))[:, 0]
        list_bytes = _list_bytes(rows, channels)
        each = self._lists(emitted) * list_bytes
        of_lists = scratch + lists + place * each
        spans = scratch + lists + block * each
        of_spans = spans + place * rounded(rows * SPAN_BYTES)
        line, low = self._line(emitted), self.windows[loop.name].low
        taps = emitted.shape.taps
        sums = spans + block * rounded(rows * SPAN_BYTES) - (low - taps + 1) * FLOAT
        columns = (
            first,
            source.window.high,
            begin - first * source.row,
            pad,
            of_lists,
            of_lists + list_bytes,
            np.full(len(result), list_bytes),
            of_spans - first * SPAN_BYTES,
            sums,
            np.full(len(result), line),
        )
        for name, column in zip(PRODUCT_HEADER[2:], columns, strict=True):
            result[:, PRODUCT_HEADER.index(name)] = column

    def _slot(
        self, emitted: Emitted, number: int, begin: Ints, scratch: int
    ) -> tuple[Ints, Ints, Ints]:
        """Address of row 0 of the frame, first row and number of rows, of a slot; (T, R) each."""
        slot, loop = emitted.slots[number], emitted.loop
        if emitted.reads_rows and number == 1:
            assert loop.source is not None
            made = self.windows[loop.name + "@root"].begin
            address = self._rows(self.held[loop.source], np.zeros_like(begin), scratch)
            return address, made, np.zeros_like(begin)
        low, high = np.full(begin.shape, -(1 << 40)), np.full(begin.shape, 1 << 40)
        for reach in slot.bounds:
            along = self.tiles.along(reach.path)
            if is_still(reach.path):
                high = np.where((along >= 0) & (along < reach.count), high, low)
                continue
            low = np.maximum(low, begin - along)
            high = np.minimum(high, begin - along + reach.count)
        count = np.maximum(high - low, 0)
        if number == 0:
            count = np.where(self.tiles.valid, count, 0)
        if slot.value is None:
            return np.zeros_like(begin), low, count
        name = loop.name if number == 0 else slot.value
        rows = self.tiles.along(slot.path) - (0 if is_still(slot.path) else begin)
        if emitted.tiles[number]:
            return self._rows(self.held[name], rows, scratch), low, count
        return self._in_array(slot.value, rows), low, count

    def _places(self, held: Held) -> Ints:
        """Where each tile's part of a value begins in the memory of a block, (T,)."""
        return held.offset + self._numbers % held.tiles * held.size

    @cached_property
    def _numbers(self) -> Ints:
        """The tiles, numbered, (T,)."""
        return np.arange(len(self.tiles.item))

    def _rows(self, held: Held, rows: Ints, scratch: int) -> Ints:
        """Addresses in tiles of rows that are counted from where each item's window begins."""
        first = scratch + self._places(held)[:, None]
        item = np.arange(self.machine.rows) * held.item
        return first + item + (held.window.begin - held.window.low[:, None] + rows) * held.row

    def _in_array(self, name: str, rows: Ints) -> Ints:
        """Addresses in an array of rows that are counted from where each entry begins."""
        array, type = self.arrays[name], self.graph.values[name].type
        tiles = self.tiles
        batch: dict[int | str, Ints] = {"M": tiles.item, "P": tiles.pair, "N": tiles.sequence}
        row = type.channels * FLOAT
        entry = batch.get(type.shape[0], 0) * type.length  # a constant is a lone sequence
        return array.ctypes.data + (entry + rows) * row

    def _line(self, emitted: Emitted) -> int:
        """Bytes of a line of sums, of a product along its taps; else 0."""
        shape = emitted.shape
        if shape is None or not along_taps(shape, self.machine):
            return 0
        window = self.windows[emitted.loop.name]
        rows = int((window.high - window.low).max())
        return rounded(line_bytes(shape, self.machine, rows))

    def _lists(self, emitted: Emitted) -> int:
        """How many lists a product keeps: of lines, and of places or every item's numbers."""
        assert emitted.shape is not None
        shape, machine = emitted.shape.of_group(), self.machine
        listed = columns_of(shape, machine) if along_taps(shape, machine) else shape
        return 1 + (machine.rows if are_copied(listed, machine) else 1)

    def lists(self, emitted: Emitted, block: int) -> int:
        """Bytes that the lists of channels and the sums of a product take for a block."""
        if not emitted.is_product:
            return 0
        assert emitted.loop.source is not None
        assert emitted.shape is not None
        source = self.held[emitted.loop.source]
        rows = source.size // source.row + 1
        channels, filters = emitted.shape.of_group().channels, emitted.shape.filters
        sums = self._line(emitted) * self.machine.rows * filters
        each = self._lists(emitted) * _list_bytes(rows, channels)
        return sums + block * (each + rounded(rows * SPAN_BYTES))


def _list_bytes(rows: int, channels: int) -> int:
    """Bytes of a list of all channels of some rows, and of a vector that is written at its end.

    Lists that are read side by side begin in different sets of the cache.
    """
    lines = -(-(rows * channels * FLOAT + CACHE_LINE) // CACHE_LINE)
    return (lines + (LISTS_APART - lines) % CACHE_SETS) * CACHE_LINE


def rounded(size: int) -> int:
    """Bytes, up to whole cache lines."""
    return -(-size // CACHE_LINE) * CACHE_LINE
