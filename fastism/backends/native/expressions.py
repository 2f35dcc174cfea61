"""What a loop computes for an entry of its result: steps, each of earlier ones or of what is read.

Rows of a loop are counted in its *frame*, the same for all items of a tile; an item's own window
begins at some row of it. A *path* leads from the positions of the loop's result to those of a value
it reads: whole numbers, and site tables by name, to be added up; one that begins with `STILL` leads
from position 0, whatever the row. Likewise `Channels` lead from channels to channels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeAlias

from fastism.backends.native.channels import ALIKE, ONE, Channels
from fastism.ir.graph import Graph, Node
from fastism.ir.ops.shape import positions
from fastism.passes.fuse import RESHAPES, is_move

Path: TypeAlias = tuple[str | int, ...]
STILL: Final = "@still"
"""The first step of a path that is the same for every position: of a value spread over them."""


def is_still(path: Path) -> bool:
    """Whether a path leads to one row from everywhere."""
    return path[:1] == (STILL,)


@dataclass(frozen=True)
class Reach:
    """The positions ``j`` of the result for which ``0 <= j + path < count``."""

    path: Path
    count: int


@dataclass(frozen=True)
class Slot:
    """Rows that a loop reads or writes, an address an item; or, without a value, only bounds.

    path: from positions of the loop's result to rows of the value. bounds: where they exist.
    """

    value: str | None
    path: Path
    bounds: tuple[Reach, ...]


@dataclass(frozen=True)
class Product:
    """What the root of the loop made, before anything else is done with it."""


@dataclass(frozen=True)
class Read:
    """A row of a value, by the number of its slot; ``fill`` where there is none."""

    slot: int
    channels: Channels = ALIKE
    fill: float = 0.0


@dataclass(frozen=True)
class Masked:
    """A step's numbers within the bounds of a slot; elsewhere another's, or if none ``fill``."""

    slot: int
    step: int
    fill: float = 0.0
    other: int | None = None


@dataclass(frozen=True)
class Applied:
    """An element-wise node of what other steps come to, for some of its channels."""

    node: Node
    inputs: tuple[int, ...]
    channels: Channels = ALIKE


@dataclass(frozen=True)
class Joined:
    """Steps side by side: from one channel of the loop's result up to another, which of them."""

    parts: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Zero:
    """No number but zero."""


Step: TypeAlias = "Product | Read | Masked | Applied | Joined | Zero"


@dataclass(frozen=True)
class At:
    """Which entry of a value stands for one of the result: its row by a path, and its channel."""

    path: Path = ()
    channels: Channels = ALIKE

    def behind(self, *steps: str | int) -> At:
        """Further along the path."""
        return replace(self, path=(*self.path, *steps))


class Expression:
    """The steps to one loop's result, which is the last of them, and the slots they take.

    end: the value that the loop writes. root: the node, if any, whose result is not element-wise.
    reached: the path from the result to what the root made.
    """

    def __init__(
        self,
        graph: Graph,
        end: str,
        root: Node | None,
        inside: Callable[[Node], bool],
    ) -> None:
        self._graph = graph
        self._inside = inside
        self.root = root
        self.reached: Path = ()
        self.slots: list[Slot] = []
        self._numbers: dict[Slot, int] = {}
        self.steps: list[Step] = []
        self._made: dict[tuple[str, At], int] = {}
        # That of the result stands first, and by itself: a copy reads the value that it writes.
        self._result = graph.values[end].type
        self.slots.append(Slot(end, (), (Reach((), self._result.length),)))
        self._value(end, At())

    def slot(self, slot: Slot) -> int:
        """The number of a slot; the first is that of the result."""
        if slot not in self._numbers:
            self._numbers[slot] = len(self.slots)
            self.slots.append(slot)
        return self._numbers[slot]

    def _step(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _value(self, name: str, at: At) -> int:
        """The step that gives the entries of a value."""
        key = name, at
        if key not in self._made:
            self._made[key] = self._make(name, at)
        return self._made[key]

    def _make(self, name: str, at: At) -> int:
        node = self._graph.producers.get(name)
        if node is None or not self._inside(node):
            return self._read(name, at)
        if node is self.root:
            assert at.channels == ALIKE
            self.reached = at.path
            return self._step(Product())
        if node.op == "zero_window":
            return self._step(Zero())
        if node.op in ("window", "gather_reference"):
            return self._window(node, at)
        if node.op == "mask_outside":
            reach = Reach((*at.path, *_table(node, "start")), node.integer("length"))
            return self._masked(self._value(node.inputs[0], at), (reach,), node.number("fill"))
        if node.op == "slice_channels":
            taken = positions(node, self._graph.values[node.inputs[0]].type.channels)
            channels = at.channels.of(taken.start, taken.step)
            return self._value(node.inputs[0], replace(at, channels=channels))
        if node.op == "concatenate":
            last = node.integer("axis") % node.type.rank == node.type.rank - 1
            return self._beside(node, at) if last else self._below(node, at)
        if is_move(self._graph, node):
            return self._moved(node, at)
        inputs = tuple(self._value(each, self._spread(each, node, at)) for each in node.inputs)
        return self._step(Applied(node, inputs, at.channels))

    def _spread(self, name: str, node: Node, at: At) -> At:
        """Where an element-wise node reads an input, which may be one for all."""
        read, made = self._graph.values[name].type, node.type
        path = (STILL,) if read.length < made.length else at.path
        return At(path, ONE if read.channels < made.channels else at.channels)

    def _below(self, node: Node, at: At) -> int:
        """Positions one after the other."""
        first = node.type.length
        found: int | None = None
        for name in reversed(node.inputs):
            count = self._graph.values[name].type.length
            first -= count
            there = at.behind(-first)
            step = self._value(name, there)
            bounds = self.slot(Slot(None, (), (Reach(there.path, count),)))
            found = self._step(Masked(bounds, step, other=found))
        assert found is not None
        return found

    def _beside(self, node: Node, at: At) -> int:
        """Channels side by side."""
        parts: list[tuple[int, int, int]] = []
        first = 0
        for name in node.inputs:
            count = self._graph.values[name].type.channels
            begin, end = at.channels.reaching(first, count, self._result.channels)
            if begin < end:
                there = replace(at, channels=at.channels.behind(first))
                parts.append((begin, end, self._value(name, there)))
            first += count
        return self._step(Joined(tuple(sorted(parts))))

    def _masked(self, step: int, bounds: tuple[Reach, ...], fill: float = 0.0) -> int:
        return self._step(Masked(self.slot(Slot(None, (), bounds)), step, fill))

    def _read(self, name: str, at: At, bounds: tuple[Reach, ...] = ()) -> int:
        reach = Reach(at.path, self._graph.values[name].type.length)
        return self._step(Read(self.slot(Slot(name, at.path, (*bounds, reach))), at.channels))

    def _moved(self, node: Node, at: At) -> int:
        """The rows at other positions, zero where there are none."""
        source = node.inputs[0]
        if node.op == "expand" or node.op in RESHAPES:
            return self._value(source, at)
        moved = at.behind(*self._offset(node))
        bounds: tuple[Reach, ...] = ()
        if node.op == "place":
            bounds = (Reach((*at.path, *_table(node, "start")), node.integer("length")),)
        producer = self._graph.producers.get(source)
        if producer is None or not self._inside(producer):
            return self._read(source, moved, bounds)
        step = self._value(source, moved)
        # What a delta is spread to is all that it reaches: outside, it is zero by itself.
        if producer.op != "conv1d_spread":
            bounds = (*bounds, Reach(moved.path, self._graph.values[source].type.length))
        return self._masked(step, bounds) if bounds else step

    def _offset(self, node: Node) -> Path:
        """How far the rows that a move reads are from those it makes."""
        if node.op == "place":
            return _table(node, "shift")
        if node.op == "slice":
            return (positions(node, self._graph.values[node.inputs[0]].type.length).start,)
        if node.op == "pick":
            return (node.integer("offset"),)
        return (node.integer("left") if node.op == "crop" else -node.integer("left"),)

    def _window(self, node: Node, at: At) -> int:
        source = node.inputs[0]
        there = at.behind(*(_table(node, "start") if node.op == "window" else ()))
        reach = Reach(there.path, self._graph.values[source].type.length)
        fill = node.number("fill") if node.op == "window" else 0.0
        return self._step(Read(self.slot(Slot(source, there.path, (reach,))), at.channels, fill))


def parts_of(steps: Sequence[Step], channels: int) -> list[tuple[int, int]]:
    """The runs of channels of a loop's result, of so many, that the same steps lead to."""
    joined = [step for step in steps if isinstance(step, Joined)]
    begins = {first for step in joined for first, _, _ in step.parts}
    return list(pairwise(sorted({0, channels, *begins})))


def _table(node: Node, role: str) -> Path:
    name = node.constant(role)
    assert name is not None
    return (name,)
