"""Write the functions of a graph's loops, and note what each has to be given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from fastism.backends.native.code import Code, Value
from fastism.backends.native.expressions import Applied, Masked, Slot, Tree
from fastism.backends.native.few import few_filters, pack_few, write_few
from fastism.backends.native.loops import Loop
from fastism.backends.native.machine import Machine
from fastism.backends.native.products import write_product
from fastism.backends.native.reductions import HEADER as POOL_HEADER
from fastism.backends.native.reductions import Pool, write_elements, write_pool
from fastism.backends.native.shapes import HEADER as PRODUCT_HEADER
from fastism.backends.native.shapes import Shape, pack
from fastism.backends.native.support import POOLS, is_depthwise, is_pool, is_product
from fastism.backends.native.taps import along_taps, pack_taps, write_along_taps
from fastism.backends.native.writing import BYTES, FLOAT, Record, Row, Writer
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops.convolution import padding

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Emitted:
    """A loop, the function that runs it, and what that is given.

    tiles: the slots whose rows lie in tiles. constants: arrays, in the order of their addresses.
    pad: what a product's record says of padding, before an item's start is added. is_product,
    is_pool: what the root is. tally: where a product counts the channels that it reads, if it does:
    those multiplied, and all that are there. shape: of a product.
    """

    loop: Loop
    function: str
    record: Record
    slots: tuple[Slot, ...]
    tiles: tuple[bool, ...]
    constants: tuple[Array, ...]
    is_product: bool
    is_pool: bool
    pad: int = 0
    tally: Array | None = None
    shape: Shape | None = None


def padded_channels(channels: int, machine: Machine) -> int:
    """Channels of a row in a tile, so that it is whole vectors."""
    return -(-channels // machine.lanes) * machine.lanes


class Emitter:
    """Writes loops into one LLVM module."""

    def __init__(
        self, module: Module, graph: Graph, machine: Machine, skip: bool, tally: bool
    ) -> None:
        self.llvm = ir.Module(name=graph.name)
        self._module = module
        self._graph = graph
        self._machine = machine
        self._skip = skip
        self._tally = tally
        self._packed: dict[str, Array] = {}
        self._written: dict[str, str] = {}
        widest = max(value.type.channels for value in graph.values.values() if value.type.rank > 1)
        self._zeros = np.zeros(padded_channels(widest, machine) + machine.lanes, np.float32)

    def emit(self, loop: Loop, number: int, tiled: set[str]) -> Emitted:
        """Write one loop. tiled: the values that lie in tiles in its phase."""
        machine, root = self._machine, loop.root
        slots = list(loop.expression.slots)
        product, pool = is_product(self._graph, root), is_pool(self._graph, root)
        if pool:
            slots.insert(1, Slot(loop.source, (), ()))
        tiles = [loop.tiled, *(slot.value in tiled for slot in slots[1:])]
        if pool:
            tiles[1] = True
        rows = [
            None if slot.value is None else self._row(slot.value, tile)
            for slot, tile in zip(slots, tiles, strict=True)
        ]
        record = Record(len(PRODUCT_HEADER if product else POOL_HEADER), len(slots), machine.rows)
        code = Code(self.llvm, f"loop{number}", 3, machine)
        names, arrays = self._constants(loop)
        tally = np.zeros(2, np.int64) if self._tally and product else None
        if tally is not None:
            names.append("tally")
            arrays.append(tally)
        table = code.arguments[2]
        held = {name: code.load_int(table, BYTES * index) for index, name in enumerate(names)}
        channels = self._graph.values[loop.value].type.channels
        groups = root.integer("groups", 1) if product and root is not None else 1
        writer = Writer(
            code, loop.expression, record, rows, channels, held, shift=int(pool), groups=groups
        )
        if product:
            assert root is not None
            shape = self._shape(root)
            _, write = _forms(shape, machine)
            write(writer, shape, held["kernel"])
        elif pool:
            assert root is not None
            assert rows[1] is not None
            write_pool(writer, self._pool(root), rows[1].stride, held.get("kernel"))
        else:
            write_elements(writer)
        function = self._finished(code)
        pad = self._pad(root) if product and root is not None else 0
        return Emitted(
            loop,
            function,
            record,
            tuple(slots),
            tuple(tiles),
            tuple(arrays),
            product,
            pool,
            pad,
            tally,
            self._shape(root) if product and root is not None else None,
        )

    def _finished(self, code: Code) -> str:
        """The name of a function once it is whole: of the first that was written like it."""
        code.finish()
        name = code.function.name
        text = str(code.function).replace(name, "", 1)
        known = self._written.setdefault(text, name)
        if known != name:
            del self.llvm.globals[name]
        return known

    def _row(self, value: str, tile: bool) -> Row:
        value = value.partition("@")[0] if value not in self._graph.values else value
        channels, lanes = self._graph.values[value].type.channels, self._machine.lanes
        if tile:
            full = padded_channels(channels, self._machine)
            return Row(full * FLOAT * self._machine.rows, True, True)
        return Row(channels * FLOAT, False, channels % lanes == 0)

    def _constants(self, loop: Loop) -> tuple[list[str], list[Array]]:
        """What a loop is given beside the tiles, by name."""
        names, arrays = ["zeros"], [self._zeros]
        root = loop.root
        if root is not None and root.constant("kernel") is not None:
            names.append("kernel")
            arrays.append(self._kernel(root))
            if (bias := root.constant("bias")) is not None:
                names.append(bias)
                arrays.append(self._by_channel(bias))
        for node in _nodes(loop.expression.tree):
            for _, name in node.constants:
                if name not in names:
                    names.append(name)
                    arrays.append(self._by_channel(name))
        return names, arrays

    def _by_channel(self, name: str) -> Array:
        content = np.asarray(self._module.content(name), np.float32).ravel()
        # A vector more: that of a group's last filters may begin anywhere.
        lanes = self._machine.lanes
        return _filled(content, padded_channels(len(content), self._machine) + lanes)

    def _kernel(self, root: Node) -> Array:
        name = root.constant("kernel")
        assert name is not None
        if name not in self._packed:
            kernel = np.asarray(self._module.content(name), np.float32)
            if is_depthwise(self._graph, root):
                return self._depthwise(kernel)
            if root.op == "dense":
                kernel = kernel[None]
            elif root.op == "dense_rows":
                kernel = kernel.reshape(root.integer("length"), -1, kernel.shape[1])
            shape = self._shape(root)
            packed, _ = _forms(shape, self._machine)
            self._packed[name] = aligned(packed(kernel))
        return self._packed[name]

    def _depthwise(self, kernel: Array) -> Array:
        """The weights (taps, 1, channels) of a convolution of every channel by itself, by tap."""
        taps, _, channels = kernel.shape
        rows = np.zeros((taps, padded_channels(channels, self._machine)), np.float32)
        rows[:, :channels] = kernel[:, 0]
        return aligned(rows.ravel())

    def _shape(self, root: Node) -> Shape:
        source = self._graph.values[root.inputs[0]].type
        taps = {"dense": 1, "dense_rows": root.integer("length")}.get(
            root.op, root.integer("width")
        )
        return Shape(
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

    def _pool(self, root: Node) -> Pool:
        source = self._graph.values[root.inputs[0]].type
        length = source.length
        if is_depthwise(self._graph, root):
            tap = padded_channels(source.channels, self._machine) * FLOAT
            stride, dilation = root.integer("stride", 1), root.integer("dilation")
            size, pad = root.integer("width"), self._pad(root)
            return Pool("weighted", size, stride, pad, length, dilation=dilation, tap=tap)
        kind = POOLS[root.op]
        if root.op in ("max_pool", "average_pool"):
            pad = padding(root, length)[0]
            return Pool(kind, root.integer("size"), root.integer("stride"), pad, length)
        return Pool(kind, length, 1, 0, length, scale=root.number("scale", 1.0))


def _forms(
    shape: Shape, machine: Machine
) -> tuple[Callable[[Array], Array], Callable[[Writer, Shape, Value], None]]:
    """How the kernel of a product is packed, and what writes the product."""
    if along_taps(shape, machine):
        return lambda kernel: pack_taps(kernel, machine), write_along_taps
    if few_filters(shape, machine):
        return lambda kernel: pack_few(kernel, machine), write_few
    return lambda kernel: pack(kernel, machine, shape.groups), write_product


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


def _nodes(tree: Tree) -> Sequence[Node]:
    """The nodes that a tree applies."""
    if isinstance(tree, Masked):
        return _nodes(tree.tree)
    if isinstance(tree, Applied):
        return [tree.node, *(node for each in tree.inputs for node in _nodes(each))]
    return []
