"""Run a propagation graph: blocks of tiles through its loops, TensorFlow for what is foreign."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends.native.block import Layout
from fastism.backends.native.blocks import Blocks
from fastism.backends.native.code import CACHE_LINE
from fastism.backends.native.emitted import Emitted, Emitter
from fastism.backends.native.frames import NEAR, Ints, Tiles, pairs_together
from fastism.backends.native.jit import Compiled
from fastism.backends.native.loops import Foreign, Loops
from fastism.backends.native.machine import Machine
from fastism.backends.native.recipes import write
from fastism.backends.native.spelled import CONSTANT, is_constant
from fastism.backends.native.writing import BYTES
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT

Array = npt.NDArray[Any]
Function = Callable[[Mapping[str, Any]], Mapping[str, Any]]

CALL = 32e9
"""Multiply-adds of a call, about: tenths of a second, beside which what is done once is little."""
MOST_PAIRS = 4096
SPREAD = 0.1
"""Rows that a frame for sites apart may have beyond those of one window, as a share of these."""


class Native:
    """A propagation graph as a function from inputs by name to outputs by name."""

    def __init__(
        self,
        module: Module,
        loops: Loops,
        positions: Ints,
        machine: Machine,
        foreign: Callable[[Graph], Function],
        *,
        skip: bool = True,
        block: int | None = None,
        tally: bool = False,
    ) -> None:
        """positions: where each of the graph's sites is. block: tiles a block; chosen if None.

        tally: count the channels that products read, see `multiplied`.
        """
        self.graph = loops.graph
        self._machine = machine
        self._positions = positions
        self._block = block
        self._tables = _tables(module, self.graph)
        self._indices = _index_names(self.graph)
        self._held = _held(module, self.graph)
        self._keys = tuple(
            dict.fromkeys(
                name
                for node in self.graph.nodes
                if node.op == "dense_rows" and (name := node.constant("start")) is not None
            )
        )
        self._near = max(NEAR, round(SPREAD * _width(self.graph)))
        emitter = Emitter(module, self.graph, machine, skip, tally)
        self._phases: list[Sequence[Emitted] | Function] = []
        for phase in loops.phases:
            if isinstance(phase, Foreign):
                self._phases.append(foreign(phase.graph))
                continue
            tiled = {loop.name for loop in phase if loop.tiled}
            self._phases.append([emitter.emit(loop, tiled) for loop in phase])
        recipes = emitter.recipes
        self._compiled = Compiled(repr(recipes), lambda: write(recipes, machine), machine)
        self._functions = {
            emitted.function: self._compiled.function(emitted.function)
            for phase in self.loops
            for emitted in phase
        }
        self._free: deque[Array] = deque()

    def __call__(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        arrays = dict(self._held)
        for value in self.graph.inputs:
            if value.name not in arrays:  # one that is read as rows may have more axes
                array = np.ascontiguousarray(np.asarray(inputs[value.name]))
                arrays[value.name] = array.reshape(len(array), *map(int, value.type.shape[1:]))
        batches = {value.type.shape[0]: len(arrays[value.name]) for value in self.graph.inputs}
        items, pairs = batches["M"], batches.get("P", batches["M"])
        sequence, site = (
            np.zeros(pairs, np.int64) if name is None else arrays[name].astype(np.int64)
            for name in self._indices
        )
        tiles = Tiles.of(
            sequence,
            site,
            items,
            self._machine.rows,
            self._positions,
            self._tables,
            self._keys,
            self._near,
        )
        for phase in self._phases:
            if callable(phase):
                found = phase(arrays)
                arrays.update((name, np.asarray(array)) for name, array in found.items())
            elif len(tiles.item):
                self._run(phase, tiles, arrays, items)
            else:
                self._make(phase, arrays, 0)
        return {name: arrays[name] for name in self.graph.outputs}

    @property
    def loops(self) -> Sequence[Sequence[Emitted]]:
        """The native loops, phase by phase."""
        return [phase for phase in self._phases if not callable(phase)]

    @property
    def multiplied(self) -> Mapping[str, tuple[int, int]]:
        """Channels of rows that products have multiplied so far, and all there were, by node.

        Only of a graph that was asked to count them. Each counts once a tile and panel of filters.
        """
        return {
            emitted.loop.root.name: (int(emitted.tally[0]), int(emitted.tally[1]))
            for phase in self.loops
            for emitted in phase
            if emitted.tally is not None and emitted.loop.root is not None
        }

    def _bytes_an_item(self) -> int:
        """Bytes of all values that are arrays of all items, and of what loops are told of one."""
        names = {value.name for value in self.graph.inputs if value.type.shape[0] == "M"}
        names.update(self.graph.outputs)
        told = 0
        for phase in self.loops:
            names |= {e.loop.value for e in phase if not e.loop.tiled}
            told += sum(BYTES * e.record.size for e in phase)
        values = sum(self.graph.values[name].type.bytes for name in names)
        return values + -(-told // self._machine.rows)

    def _bytes_a_block(self) -> int:
        """Bytes of the values of a block of tiles, and of its lists."""
        pair = np.zeros(1, np.int64)
        tables, rows = self._tables, self._machine.rows
        tiles = Tiles.of(pair, pair, 1, rows, self._positions, tables, self._keys)
        most = 0
        for phase in self.loops:
            layout = Layout(self.graph, tiles, self._machine, {}, EDIT)
            for emitted in phase:
                layout.hold(emitted)
            *_, size = Blocks.of(phase, layout, MOST_PAIRS).place(phase, layout)
            most = max(most, size)
        return round((1 + SPREAD) * most)

    def _make(self, phase: Sequence[Emitted], arrays: dict[str, Array], items: int) -> None:
        """Room for the results of a phase that are arrays of all items."""
        for emitted in phase:
            if not emitted.loop.tiled:
                type = self.graph.values[emitted.loop.value].type
                shape = (items, *map(int, type.shape[1:]))
                arrays[emitted.loop.value] = np.empty(shape, np.float32)

    def _run(
        self, phase: Sequence[Emitted], tiles: Tiles, arrays: dict[str, Array], items: int
    ) -> None:
        self._make(phase, arrays, items)
        layout = Layout(self.graph, tiles, self._machine, arrays, EDIT)
        for emitted in phase:
            layout.hold(emitted)
        count = len(tiles.item)
        blocks = Blocks.of(phase, layout, count, self._block)
        tiles_of, lists, size = blocks.place(phase, layout)
        with self._scratch(size) as scratch:
            told = []
            for emitted, together in zip(phase, tiles_of, strict=True):
                records = layout.records(emitted, scratch, together, lists)
                function = self._functions[emitted.function]
                told.append((function, records, records.ctypes.data, emitted.addresses.ctypes.data))
            for loops, first, here in blocks.turns(count, len(phase)):
                for function, records, address, constants in (told[i] for i in loops):
                    function(address + first * records.strides[0], here, constants)

    @contextmanager
    def _scratch(self, size: int) -> Iterator[int]:
        """The address of memory of that size, which no other call uses meanwhile."""
        try:
            held = self._free.pop()
        except IndexError:
            held = np.empty(0, np.uint8)
        if len(held) < size + CACHE_LINE:
            held = np.zeros(size + CACHE_LINE, np.uint8)
        yield int(held.ctypes.data + (-held.ctypes.data) % CACHE_LINE)
        self._free.append(held)


def _width(graph: Graph) -> float:
    """Rows of the windows that products read, each counted by its multiply-adds; 0 of none."""
    rows = total = 0.0
    for node in graph.nodes:
        macs = definition(node.op).macs(node, graph.types(node.inputs))
        if macs and graph.values[node.inputs[0]].type.rank == 3:
            rows, total = rows + macs / graph.values[node.inputs[0]].type.length, total + macs
    return total / rows if rows else 0.0


def _index_names(graph: Graph) -> tuple[str | None, str | None]:
    """The inputs that give each pair its sequence and its row of the tables."""
    sequence = site = None
    for node in graph.nodes:
        reads = node.op in ("window", "gather_reference")
        if reads and not is_constant(graph.values[node.inputs[0]]):
            sequence = node.inputs[1]
        if "start" in dict(node.constants):
            site = node.inputs[-1]
    return sequence, site


def _tables(module: Module, graph: Graph) -> dict[str, Ints]:
    """The site tables of a graph, by the names of their constants."""
    roles = ("start", "shift")
    names = {name for node in graph.nodes for role, name in node.constants if role in roles}
    return {name: np.asarray(module.content(name), np.int64) for name in names}


def _held(module: Module, graph: Graph) -> dict[str, Array]:
    """The inputs of a graph that are constants, as it reads them."""
    return {
        value.name: np.ascontiguousarray(module.content(value.name[len(CONSTANT) :]), np.float32)
        for value in graph.inputs
        if is_constant(value)
    }


class NativeThroughout(Native):
    """A graph that TensorFlow has no part in: it is given as many pairs as it says."""

    def pairs_within(self, memory: int | None, alternatives: int) -> int:
        """Pairs a call, of so many items each, whose values fit ``memory`` bytes."""
        graph = self.graph
        products = sum(
            definition(node.op).macs(node, graph.types(node.inputs)) for node in graph.nodes
        )
        full = self.pairs_filling(alternatives)
        wanted = max(1, int(CALL / (alternatives * max(products, 1))))
        most = min(MOST_PAIRS, -(-wanted // full) * full)
        if memory is not None:
            room = max(memory - self._bytes_a_block(), 0)
            most = min(most, room // (self._bytes_an_item() * alternatives))
        return most // full * full if most > full else max(most, 1)

    def pairs_filling(self, alternatives: int) -> int:
        """Pairs, of so many items each, of which a multiple leaves no row of a tile empty."""
        return pairs_together(alternatives, self._machine.rows)
