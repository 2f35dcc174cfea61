"""What each value of a propagation graph must be: the same value of the source graph, on a window.

A value's name says which value of the source graph it follows and in which form (`conv.delta`); a
table, or the window relation of the op that made it, says where its window lies for an item.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fastism.checking.evaluate import Array, Case, Values
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.ops import definition
from fastism.ir.program import EDIT
from fastism.ir.windows import POINTWISE, Window
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
    starts = _starts(source, module, graph, local, case)
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
        start = 0 if form == "whole" else starts.get(name)
        window = _on_window(target, node, start, source.main, of)
        if window is not None:
            found[name] = window
            scales[name] = max(_size(target), FLOOR * _size(after[of]))
    return found, scales


def _size(array: Array) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _label(name: str, source: Graph) -> tuple[str, str] | None:
    """The value of the source graph that a name speaks of, and in which form."""
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        of = ".".join(parts[:count])
        if of in source.values:
            form = ".".join(parts[count:]).partition(":")[0]
            return (of, form) if form in FORMS else None
    return None


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


def _starts(
    source: Module, module: Module, graph: Graph, local: int, case: Case
) -> dict[str, int | None]:
    """Where the window of every value starts for the item; None where that is not known."""
    assert source.sites is not None
    starts: dict[str, int | None] = {EDIT: source.sites.starts[case.site]}
    for node in graph.nodes:
        for value in node.results:
            starts[value.name] = _start(source, module, node, local, starts)
    return starts


def _start(
    source: Module, module: Module, node: Node, local: int, starts: Mapping[str, int | None]
) -> int | None:
    table = node.constant("start")
    if table is not None:
        data = module.constants[table].data
        return None if data is None else int(data[local])
    if node.op == "gather_reference":
        return 0
    known = [starts.get(name) for name in node.inputs]
    made = _made_from(source.main, node)
    if node.op == "pick":
        moved = 0 if made is None else _shift(source.main, made)
        return None if known[0] is None else known[0] + node.integer("offset") + moved
    if made is not None and made.op == node.op:
        return _through(source.main, made, node, known)
    if node.op == "conv1d_spread" and made is not None and known[0] is not None:
        relation = _relation(source.main, made, 0)
        return known[0] + relation.pad - (relation.reach - 1) if relation else None
    return next((start for start in known if start is not None), None)


def _made_from(source: Graph, node: Node) -> Node | None:
    """The node of the source graph that makes the value a propagation node is named after."""
    parts = node.results[0].name.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next((source.producers[name] for name in names if name in source.producers), None)


def _relation(source: Graph, node: Node, position: int) -> Window | None:
    found = definition(node.op).relation(node, source.types(node.inputs))[position]
    return found if isinstance(found, Window) else None


def _shift(source: Graph, made: Node) -> int:
    """How far a crop or a padding moves positions; other values stay where they are."""
    relation = _relation(source, made, 0)
    return relation.pad if made.op in ("crop", "zero_pad") and relation is not None else 0


def _through(source: Graph, made: Node, node: Node, known: list[int | None]) -> int | None:
    """The start of a result, from that of an input that it reads by a window."""
    for position, start in enumerate(known[: len(made.inputs)]):
        relation = _relation(source, made, position)
        if start is None or relation is None:
            continue
        if relation == POINTWISE:
            return start
        if relation.factor > 1:
            return start * relation.factor
        width, length = node.type.length, made.type.length
        results = np.arange(-width - length, 2 * length + width)
        read = pulled(relation, Layout(results, width)).start
        hits = np.flatnonzero(read == start)
        return int(results[hits[0]]) if len(hits) else None
    return None
