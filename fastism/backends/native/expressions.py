"""What a loop computes for an entry of its result: steps, each of earlier ones or of what is read.

Rows of a loop are counted in its *frame*, the same for all items of a tile; an item's own window
begins at some row of it. A *path* leads from the positions of the loop's result to those of a value
it reads: whole numbers, and site tables by name, to be added up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from fastism.ir.graph import Graph, Node

Path: TypeAlias = tuple[str | int, ...]


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
    fill: float = 0.0


@dataclass(frozen=True)
class Masked:
    """A step's numbers within the bounds of a slot, ``fill`` elsewhere."""

    slot: int
    step: int
    fill: float = 0.0


@dataclass(frozen=True)
class Applied:
    """An element-wise node of what other steps come to."""

    node: Node
    inputs: tuple[int, ...]


Step: TypeAlias = "Product | Read | Masked | Applied"


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
        self._made: dict[tuple[str, Path], int] = {}
        # That of the result stands first, and by itself: a copy reads the value that it writes.
        self.slots.append(Slot(end, (), (Reach((), graph.values[end].type.length),)))
        self._value(end, ())

    def slot(self, slot: Slot) -> int:
        """The number of a slot; the first is that of the result."""
        if slot not in self._numbers:
            self._numbers[slot] = len(self.slots)
            self.slots.append(slot)
        return self._numbers[slot]

    def _step(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _value(self, name: str, path: Path) -> int:
        """The step that gives a value at the end of a path."""
        key = name, path
        if key not in self._made:
            self._made[key] = self._make(name, path)
        return self._made[key]

    def _make(self, name: str, path: Path) -> int:
        node = self._graph.producers.get(name)
        if node is None or not self._inside(node):
            return self._read(name, path)
        if node is self.root:
            self.reached = path
            return self._step(Product())
        if node.op in ("place", "pick"):
            return self._moved(node, path)
        if node.op in ("window", "gather_reference"):
            return self._window(node, path)
        if node.op == "expand":
            return self._value(node.inputs[0], path)
        if node.op == "mask_outside":
            reach = Reach((*path, *_table(node, "start")), node.integer("length"))
            return self._masked(self._value(node.inputs[0], path), (reach,), node.number("fill"))
        return self._step(Applied(node, tuple(self._value(each, path) for each in node.inputs)))

    def _masked(self, step: int, bounds: tuple[Reach, ...], fill: float = 0.0) -> int:
        return self._step(Masked(self.slot(Slot(None, (), bounds)), step, fill))

    def _read(self, name: str, path: Path, bounds: tuple[Reach, ...] = ()) -> int:
        reach = Reach(path, self._graph.values[name].type.length)
        return self._step(Read(self.slot(Slot(name, path, (*bounds, reach)))))

    def _moved(self, node: Node, path: Path) -> int:
        """The delta at other positions, zero where there are none."""
        source = node.inputs[0]
        moved = (
            *path,
            *(_table(node, "shift") if node.op == "place" else (node.integer("offset"),)),
        )
        bounds: tuple[Reach, ...] = ()
        if node.op == "place":
            bounds = (Reach((*path, *_table(node, "start")), node.integer("length")),)
        producer = self._graph.producers.get(source)
        if producer is None or not self._inside(producer):
            return self._read(source, moved, bounds)
        step = self._value(source, moved)
        # What a delta is spread to is all that it reaches: outside, it is zero by itself.
        if producer.op != "conv1d_spread":
            bounds = (*bounds, Reach(moved, self._graph.values[source].type.length))
        return self._masked(step, bounds) if bounds else step

    def _window(self, node: Node, path: Path) -> int:
        source = node.inputs[0]
        start = _table(node, "start") if node.op == "window" else ()
        there = (*path, *start)
        reach = Reach(there, self._graph.values[source].type.length)
        fill = node.number("fill") if node.op == "window" else 0.0
        return self._step(Read(self.slot(Slot(source, there, (reach,))), fill))


def _table(node: Node, role: str) -> Path:
    name = node.constant(role)
    assert name is not None
    return (name,)
