"""Note of a graph's loops what code they take, and what each has to be given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends.native.along import Along
from fastism.backends.native.expressions import Applied, Slot, Step, is_still
from fastism.backends.native.forms import Form
from fastism.backends.native.loops import Loop
from fastism.backends.native.machine import Machine
from fastism.backends.native.rearranged import Rearranged, places_of, rearranged
from fastism.backends.native.recipes import Recipe, Root
from fastism.backends.native.reductions import HEADER as POOL_HEADER
from fastism.backends.native.reductions import Pool
from fastism.backends.native.shapes import HEADER as PRODUCT_HEADER
from fastism.backends.native.shapes import Windowed
from fastism.backends.native.support import (
    POOLS,
    is_along,
    is_depthwise,
    is_product,
    is_rearranged,
)
from fastism.backends.native.writing import (
    BIAS,
    FLOAT,
    KERNEL,
    TABLE,
    TALLY,
    ZEROS,
    Record,
    Row,
)
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops.convolution import padding
from fastism.ir.ops.shape import positions

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Emitted:
    """A loop, the function that runs it, and what that is given.

    tiles: the slots whose rows lie in tiles. constants: arrays, in the order of their addresses.
    pad: what a product's record says of padding, before an item's start is added. is_product:
    whether the root is one. reads_rows: whether it is another, whose input is slot 1. tally: where
    a product counts the channels that it reads, if it does: those multiplied, and all that are
    there. shape: of a product.
    """

    loop: Loop
    function: str
    record: Record
    slots: tuple[Slot, ...]
    tiles: tuple[bool, ...]
    constants: tuple[Array, ...]
    is_product: bool
    reads_rows: bool
    pad: int = 0
    tally: Array | None = None
    shape: Windowed | None = None

    @cached_property
    def addresses(self) -> Array:
        """Where its constants are."""
        return np.array([array.ctypes.data for array in self.constants], np.int64)


def padded_channels(channels: int, machine: Machine) -> int:
    """Channels of a row in a tile, so that it is whole vectors."""
    return -(-channels // machine.lanes) * machine.lanes


class Emitter:
    """Emits the loops of one graph.

    recipes: of all loops so far, and what the function that each makes is called.
    """

    def __init__(
        self, module: Module, graph: Graph, machine: Machine, skip: bool, tally: bool
    ) -> None:
        self.recipes: dict[Recipe, str] = {}
        self._module = module
        self._graph = graph
        self._machine = machine
        self._skip = skip
        self._tally = tally
        self._packed: dict[tuple[str, str, int], Array] = {}
        self._places: dict[str, Array] = {}
        widest = max(value.type.channels for value in graph.values.values() if value.type.rank > 1)
        self._zeros = np.zeros(padded_channels(widest, machine) + machine.lanes, np.float32)

    def emit(self, loop: Loop, tiled: set[str]) -> Emitted:
        """Note one loop. tiled: the values that lie in tiles in its phase."""
        machine, root = self._machine, loop.root
        slots = list(loop.expression.slots)
        product = is_product(self._graph, root)
        reads_rows = root is not None and not product
        if reads_rows:
            slots.insert(1, Slot(loop.source, (), ()))
        tiles = [loop.tiled, *(slot.value in tiled for slot in slots[1:])]
        if reads_rows:
            tiles[1] = True
        rows = tuple(
            None if slot.value is None else self._row(slot, tile)
            for slot, tile in zip(slots, tiles, strict=True)
        )
        record = Record(len(PRODUCT_HEADER if product else POOL_HEADER), len(slots), machine.rows)
        shape = self._shape(root) if product and root is not None else None
        form: Root | None = None
        if root is not None:
            form = self._rows(root) if shape is None else Form.of(shape, machine)
        given = self._given(root, form)
        steps, called = _anonymous(loop.expression.steps)
        given.update((number, self._by_channel(name)) for name, number in called.items())
        tally = np.zeros(2, np.int64) if self._tally and product else None
        if tally is not None:
            given[TALLY] = tally
        recipe = Recipe(
            form,
            steps,
            record,
            rows,
            self._graph.values[loop.value].type.channels,
            tuple(given),
        )
        return Emitted(
            loop,
            self.recipes.setdefault(recipe, f"loop{len(self.recipes)}"),
            record,
            tuple(slots),
            tuple(tiles),
            tuple(given.values()),
            product,
            reads_rows,
            self._pad(root) if product and root is not None else 0,
            tally,
            shape,
        )

    def _row(self, slot: Slot, tile: bool) -> Row:
        value = slot.value
        assert value is not None
        value = value.partition("@")[0] if value not in self._graph.values else value
        channels, lanes = self._graph.values[value].type.channels, self._machine.lanes
        if tile:
            full = padded_channels(channels, self._machine)
            row = Row(full * FLOAT * self._machine.rows, True, True)
        else:
            row = Row(channels * FLOAT, False, channels % lanes == 0)
        return replace(row, stride=0) if is_still(slot.path) else row

    def _given(self, root: Node | None, form: Root | None) -> dict[str, Array]:
        """What a loop is given beside the tiles for its root, by what it is called there."""
        given = {ZEROS: self._zeros}
        if root is not None and (kernel := root.constant("kernel")) is not None:
            given[KERNEL] = self._kernel(kernel, root, form)
            if (bias := root.constant("bias")) is not None:
                given[BIAS] = self._by_channel(bias)
        if root is not None and is_along(root):
            given.update((role, self._by_channel(name)) for role, name in root.constants)
        if root is not None and isinstance(form, Rearranged):
            given[TABLE] = self._places[root.name]
        return given

    def _by_channel(self, name: str) -> Array:
        content = np.asarray(self._module.content(name), np.float32).ravel()
        if len(content) == 1:  # one for all channels, or for the only one
            return np.full_like(self._zeros, content[0])
        # A vector more: that of a group's last filters may begin anywhere.
        lanes = self._machine.lanes
        return _filled(content, padded_channels(len(content), self._machine) + lanes)

    def _kernel(self, name: str, root: Node, form: Root | None) -> Array:
        """The kernel of a root as its loop reads it."""
        kernel = np.asarray(self._module.content(name), np.float32)
        if not isinstance(form, Form):
            return self._depthwise(kernel)
        key = name, form.kind, form.shape.taps
        if key not in self._packed:
            if root.op in ("dense", "dense_rows"):
                kernel = kernel.reshape(form.shape.taps, form.shape.channels, -1)
            self._packed[key] = aligned(form.pack(kernel, self._machine))
        return self._packed[key]

    def _depthwise(self, kernel: Array) -> Array:
        """The weights (taps, 1, channels) of a convolution of every channel by itself, by tap."""
        taps, _, channels = kernel.shape
        rows = np.zeros((taps, padded_channels(channels, self._machine)), np.float32)
        rows[:, :channels] = kernel[:, 0]
        return aligned(rows.ravel())

    def _shape(self, root: Node) -> Windowed:
        source = self._graph.values[root.inputs[0]].type
        taps = {"dense": 1, "dense_rows": root.integer("length")}.get(
            root.op, root.integer("width")
        )
        return Windowed(
            channels=source.channels,
            filters=root.type.channels,
            taps=taps,
            dilation=root.integer("dilation", 1),
            stride=root.integer("stride", 1),
            item=padded_channels(source.channels, self._machine) * FLOAT,
            skip=self._skip,
            groups=root.integer("groups", 1),
            length=source.length,
            rows=root.type.length,
        )

    def _pad(self, root: Node) -> int:
        if root.op == "conv1d_spread":
            return (root.integer("width") - 1) * root.integer("dilation")
        if root.op == "conv1d":
            return padding(root, self._graph.values[root.inputs[0]].type.length)[0]
        return 0

    def _rows(self, root: Node) -> Pool | Along | Rearranged:
        """What a root does with the rows that it reads."""
        source = self._graph.values[root.inputs[0]].type
        length = source.length
        if is_along(root):
            number = root.number("epsilon" if root.op == "layer_norm" else "value", 0.0)
            return Along(root.op, length, source.channels, number)
        if is_depthwise(self._graph, root):
            tap = padded_channels(source.channels, self._machine) * FLOAT
            stride, dilation = root.integer("stride", 1), root.integer("dilation")
            size, pad = root.integer("width"), self._pad(root)
            return Pool("weighted", size, stride, pad, length, dilation=dilation, tap=tap)
        if is_rearranged(self._graph, root):
            lanes = self._machine.lanes
            row = padded_channels(source.channels, self._machine) * FLOAT * self._machine.rows
            places = self._places[root.name] = places_of(root, source, row, lanes)
            return rearranged(places, root.type.channels, lanes)
        if root.op == "upsample":
            return Pool("sum", 1, 1, 0, length, factor=root.integer("factor"))
        if root.op == "slice":
            taken = positions(root, length)
            return Pool("sum", 1, taken.step, -taken.start, length)
        kind = POOLS[root.op]
        if root.op in ("max_pool", "average_pool"):
            pad = padding(root, length)[0]
            return Pool(kind, root.integer("size"), root.integer("stride"), pad, length)
        return Pool(kind, length, 1, 0, length, scale=root.number("scale", 1.0))


def aligned(array: Array) -> Array:
    """The same numbers at an address that is a whole cache line."""
    room = np.empty(array.size + 16, np.float32)
    first = (-room.ctypes.data % 64) // FLOAT
    room[first : first + array.size] = array
    return room[first : first + array.size]


def _filled(array: Array, size: int) -> Array:
    result = np.zeros(size, np.float32)
    result[: len(array)] = array
    return result


def _anonymous(steps: Sequence[Step]) -> tuple[tuple[Step, ...], dict[str, str]]:
    """The steps without names of the graph, and what each constant is called in them."""
    called: dict[str, str] = {}

    def anonymous(step: Step) -> Step:
        if not isinstance(step, Applied):
            return step
        constants = tuple(
            (role, called.setdefault(name, str(len(called)))) for role, name in step.node.constants
        )
        node = Node("", step.node.op, (), (), step.node.attributes, constants)
        return replace(step, node=node)

    return tuple(map(anonymous, steps)), called
