"""What each value of a propagation graph must be: the same value of the source graph, on a window.

A value's name says which value of the source graph it follows and in which form (`conv.delta`); a
table, or the window relation of the op that made it, says where its window lies for an item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fastism.checking.evaluate import Array, Case, Values
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT
from fastism.ir.windows import Window
from fastism.passes.propagation.demands import pulled
from fastism.passes.propagation.layout import Layout

FORMS = ("delta", "value", "reference", "whole")
"""Forms of a value that are compared; what lies between them (a spread) is not."""

PARTS = ("add", "scale_positions")
"""Ops that finish a value from parts that bear its name already."""

FLOOR = 1e-6
"""A delta is compared on its own scale, or on this share of its value's if that is more."""


def wanted(
    source: Module,
    module: Module,
    graph: Graph,
    local: int,
    case: Case,
    before: Values,
    after: Values,
) -> tuple[Values, dict[str, float]]:
    """What the values of a propagation graph must be for one item, and the scale of each.

    source: the last module before the split. local: the place of the item's site in the graph.
    before, after: every value of the source graph for the sequence and for the mutant. An entry
    that is NaN may be anything: no output can see it, or it lies outside the value.
    """
    assert source.sites is not None
    tables = {
        name: int(data[local])
        for node in graph.nodes
        if (name := node.constant("start")) and (data := module.constants[name].data) is not None
    }
    edit = {EDIT: source.sites.starts[case.site]}
    starts = _Starts(source.main, tables, edit, {EDIT: source.seq_input})
    for node in graph.nodes:
        starts.follow(node)
    labels = {name: _label(name, source.main) for name in graph.values}
    found: Values = {}
    scales: dict[str, float] = {}
    for node in graph.nodes:
        name = node.results[0].name
        label = labels[name]
        if label is None or len(node.results) != 1 or _is_part(graph, name, labels):
            continue
        of, form = label
        target = {"delta": after[of] - before[of], "reference": before[of]}.get(form, after[of])
        start = 0 if form == "whole" else starts.start.get(name)
        window = _on_window(target, node, start, source.main, of)
        if window is not None:
            found[name] = window
            scales[name] = max(_size(target), FLOOR * _size(after[of]))
    return found, scales


def _size(array: Array) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _label(name: str, source: Graph) -> tuple[str, str] | None:
    """The value of the source graph that a name speaks of, and in which form."""
    of = _source_value(name, source)
    form = name[len(of) + 1 :].partition(":")[0] if of is not None else ""
    return (of, form) if of is not None and form in FORMS else None


def _is_part(graph: Graph, name: str, labels: Mapping[str, tuple[str, str] | None]) -> bool:
    """Whether a value is but a part of the one it is named after."""
    users = graph.users[name]
    return bool(users) and all(
        user.op in PARTS and labels[user.results[0].name] == labels[name] for user in users
    )


def _on_window(
    target: Array, node: Node, start: int | None, source: Graph, of: str
) -> Array | None:
    """The target where the node's window lies; NaN outside it and where nobody needs it."""
    shape = (1, *(int(dim) for dim in node.type.shape[1:]))
    value = source.values[of]
    if value.type.rank < 3 or start is None:
        return target.reshape(shape) if target[0].size == np.prod(shape) else None
    if target.shape[2:] != shape[2:]:
        return None
    result = np.full(shape, np.nan)
    need = value.need
    first, last = (need.start, need.stop) if need is not None else (0, target.shape[1])
    low, high = max(start, first, 0), min(start + shape[1], last, target.shape[1])
    if low < high:
        result[:, low - start : high - start] = target[:, low:high]
    return result


@dataclass(frozen=True)
class _Starts:
    """Where the window of every value starts for one item, as far as that is known.

    of: the value of the source graph whose positions are counted.
    """

    source: Graph
    tables: Mapping[str, int]
    start: dict[str, int]
    of: dict[str, str]

    def follow(self, node: Node) -> None:
        """Note where the results of a node start, from where its inputs do."""
        for value in node.results:
            of = _source_value(value.name, self.source)
            if of is None:
                continue
            start = self._start(node, of)
            if start is not None:
                self.start[value.name], self.of[value.name] = start, of

    def _start(self, node: Node, of: str) -> int | None:
        table = node.constant("start")
        if table is not None:
            return self.tables.get(table)
        if node.op == "gather_reference":
            return 0
        made = self.source.producers.get(of)
        if made is not None and node.op == "conv1d_spread":
            first, relation = self._read(node, made, 0), _relation(self.source, made, 0)
            if first is None or relation is None:
                return None
            return first + relation.pad - (relation.reach - 1)
        if made is not None and made.op == node.op:
            return self._through(made, node)
        known = (self._at(name, of) for name in node.inputs)
        start = next((start for start in known if start is not None), None)
        offset = node.integer("offset") if node.op == "pick" else 0
        return None if start is None else start + offset

    def _at(self, name: str, of: str) -> int | None:
        """Where a value starts, its positions counted as those of another it is moved to."""
        if name not in self.start:
            return None
        moved = _moved(self.source, of, self.of[name])
        return None if moved is None else self.start[name] + moved

    def _read(self, node: Node, made: Node, position: int) -> int | None:
        return self._at(node.inputs[position], made.inputs[position])

    def _through(self, made: Node, node: Node) -> int | None:
        """The start of a result, from that of an input that it reads by a window."""
        for position in range(min(len(node.inputs), len(made.inputs))):
            start, relation = self._read(node, made, position), None
            if start is not None:
                relation = _relation(self.source, made, position)
            if start is None or relation is None:
                continue
            if relation.factor > 1:
                return start * relation.factor
            width, length = node.type.length, made.type.length
            results = np.arange(-width - length, 2 * length + width)
            hits = np.flatnonzero(pulled(relation, Layout(results, width)).start == start)
            return int(results[hits[0]]) if len(hits) else None
        return None


def _source_value(name: str, source: Graph) -> str | None:
    """The value of the source graph that a name begins with."""
    parts = name.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((name for name in names if name in source.values), None)


def _relation(source: Graph, node: Node, position: int) -> Window | None:
    found = definition(node.op).relation(node, source.types(node.inputs))[position]
    return found if isinstance(found, Window) else None


def _moved(source: Graph, value: str, origin: str) -> int | None:
    """How far the positions of ``origin`` are moved on their way to a value, where they only are.

    So a crop may leave no node behind: a delta of its input serves as one of its result.
    """
    pending, seen = [(value, 0)], {value}
    while pending:
        name, shift = pending.pop()
        if name == origin:
            return shift
        node = source.producers.get(name)
        for position, before in enumerate(node.inputs if node else ()):
            assert node is not None
            relation = _relation(source, node, position)
            if before in seen or relation is None:
                continue
            if (relation.width, relation.stride, relation.factor) == (1, 1, 1):
                seen.add(before)
                pending.append((before, shift + relation.pad))
    return None
