"""Incremental stop layers: where a change on a window becomes a whole value, without a recompute.

Each exit says for which nodes it applies and how it is written. A stop without an exit scatters the
window into the reference and runs the layer whole.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fastism.ir.graph import Graph, Node
from fastism.ir.ranges import Range
from fastism.passes.propagation.draft import SEQUENCE, SITE
from fastism.passes.propagation.layout import Layout, Strips, crowded
from fastism.passes.propagation.scaled import (
    scaled,
    scales_into_flatten,
    weighed,
    weighing_pays,
)
from fastism.passes.propagation.state import Propagation

SHARING = 16
"""Sites whose windows should start alike in front of a dense layer: the rows of its kernel are read
from memory, and its product called, once for all of them. A window is at most doubled for it."""
FEWEST = 4
"""Positions that may lie between such starts in any case, however narrow the windows are."""


class Exit(NamedTuple):
    """When an op leaves the windows incrementally, and how."""

    applies: Callable[[Graph, Node, tuple[str, ...]], bool]
    write: Callable[[Propagation, Node], None]


def _always(graph: Graph, node: Node, stop_layers: tuple[str, ...]) -> bool:
    return True


def leaves_through_dense(graph: Graph, node: Node) -> bool:
    """Whether a node is a dense layer right behind a flatten that is an exit."""
    source = graph.producers.get(node.inputs[0])
    return node.op == "dense" and source is not None and source.op == "flatten"


def leaves_behind(graph: Graph, node: Node) -> bool:
    """Whether a node that reads an exit is part of the same way out: multiply, flatten, dense."""
    scales = node.op == "flatten" and scaled(graph, node.inputs[0]) is not None
    return scales or leaves_through_dense(graph, node)


def read_on_windows(graph: Graph, node: Node) -> tuple[str, ...]:
    """The values whose windows a node reads: a dense layer those in front of the flatten."""
    if leaves_through_dense(graph, node):
        node = graph.producers[node.inputs[0]]
    product = node.inputs[0] if node.op == "flatten" else node.results[0].name
    found = scaled(graph, product)
    return node.inputs if found is None else (found.local,)


def _all_dense(graph: Graph, node: Node, stop_layers: tuple[str, ...]) -> bool:
    name = node.result.name
    users = graph.users[name]
    return (
        name not in graph.outputs
        and all(user.labels.isdisjoint(stop_layers) for user in users)
        and all(leaves_through_dense(graph, user) for user in users)
    )


def _all_flat(graph: Graph, node: Node, stop_layers: tuple[str, ...]) -> bool:
    if not scales_into_flatten(graph, node):
        return False
    (flattening,) = graph.users[node.result.name]
    if not flattening.labels.isdisjoint(stop_layers):
        return False
    layers = graph.users[flattening.result.name]
    return _all_dense(graph, flattening, stop_layers) and weighing_pays(graph, node, layers)


def flatten(state: Propagation, node: Node) -> None:
    """Nothing to do: the dense layers behind it read the window."""


def scale(state: Propagation, node: Node) -> None:
    """Nothing to do: the dense layers behind it scale the window."""


def dense(state: Propagation, node: Node) -> None:
    """Flatten and dense: multiply the window's delta by the kernel rows that belong to it."""
    flattened, name = state.source.producers[node.inputs[0]], node.result.name
    source = flattened.inputs[0]
    found = None if state.follows(source) else scaled(state.source, source)
    source = found.local if found else source
    products = []
    for layout in _sharing(state, source):
        delta = state.delta_at(source, layout)
        if found:
            factors = [delta, state.whole(found.vector)]
            delta = state.draft.add("multiply", factors, f"{name}.scaled", like=node)
        tables = {"start": state.draft.table(source, layout.start)}
        products.append(
            state.draft.add(
                "dense_rows",
                [delta, SITE],
                f"{name}.delta",
                {"length": state.draft.length(source)},
                {"kernel": dict(node.constants)["kernel"], **tables},
                node,
            )
        )
    if found:
        parts = [weighed(state, node, found), *products]
        state.leave_whole(name, state.draft.add("add", parts, f"{name}.whole", like=node))
    else:
        _finish(state, node, products)


def _sharing(state: Propagation, source: str) -> Strips:
    """The value's layouts, made to start where those of neighbouring sites do."""
    length, own = state.draft.length(source), state.inside(source)
    wider = []
    for layout in own:
        alike = len(state.sites) / len(np.unique(layout.start))
        step = min(math.ceil(SHARING / alike), max(layout.width, FEWEST))
        wider.append(layout.on_grid(step, length))
    return own if crowded(wider, state.tight[source]) else tuple(wider)


def _finish(state: Propagation, node: Node, deltas: Sequence[str]) -> None:
    """The whole value, from what the strips add to it."""
    name = node.result.name
    delta = deltas[0]
    if len(deltas) > 1:
        delta = state.draft.add("add", deltas, f"{name}.delta", like=node)
    if node.type.rank == 3:
        delta = state.draft.add(
            "reshape", [delta], f"{name}.delta", {"shape": (1, node.type.channels)}, like=node
        )
    reference = state.references.whole(name)
    whole = state.draft.add("add_reference", [delta, reference], f"{name}.whole", like=node)
    state.leave_whole(name, whole)


def global_average_pool(state: Propagation, node: Node) -> None:
    """The sum of the delta over the windows, over the length."""
    _summed(state, node, 1.0 / state.draft.length(node.inputs[0]))


def global_sum_pool(state: Propagation, node: Node) -> None:
    """The sum of the delta over the windows."""
    _summed(state, node, 1.0)


def _summed(state: Propagation, node: Node, scale: float) -> None:
    source, label = node.inputs[0], f"{node.result.name}.delta"
    deltas = [state.delta_at(source, layout) for layout in state.inside(source)]
    attributes = {"scale": scale}
    totals = [state.draft.add("sum_window", [d], label, attributes, like=node) for d in deltas]
    _finish(state, node, totals)


def beside(
    state: Propagation,
    op: str,
    sources: Sequence[str],
    labels: tuple[str, str],
    layout: Layout,
    items: str,
) -> list[str]:
    """What an op of the intout graph makes of all positions before a window, and of all behind it.

    Each is (M, 1, C), one copy for each of the ``items``. labels: what names the running
    values in the intout graph, and here.
    """
    found = []
    for suffix, reverse, start in (
        (".before", False, layout.start),
        (".behind", True, layout.start + layout.width),
    ):
        shared, name = (f"{label}{suffix}" for label in labels)
        running = state.draft.derive(op, sources, shared, {"reverse": reverse})
        table = {"start": state.draft.table(name, np.asarray(start))}
        width = {"width": 1}
        outer = state.draft.add("window", [running, SEQUENCE, SITE], name, width, table)
        found.append(state.draft.add("expand", [outer, items], f"{name}.value"))
    return found


def global_max_pool(state: Propagation, node: Node) -> None:
    """The largest of the window (one over all strips), of all before it and of all behind it."""
    source, name = node.inputs[0], node.result.name
    strips = state.inside(source)
    layout = strips[0] if len(strips) == 1 else Layout.covering(state.tight[source])
    inner = state.draft.copy(
        node.with_attributes(keepdims=True), [state.value_at(source, layout)], f"{name}.inner"
    )
    sides = beside(state, "running_max", [source], (source, name), layout, inner)
    candidates = [inner, *sides]
    whole = state.draft.add("maximum", candidates, f"{name}.whole", like=node)
    if not node["keepdims"]:
        shape = (node.type.channels,)
        whole = state.draft.add("reshape", [whole], f"{name}.whole", {"shape": shape}, like=node)
    state.leave_whole(name, whole)


def softmax_pool(state: Propagation, node: Node) -> None:
    """The pool of three: what all before the window come to, its positions, and all behind it.

    Scores are taken relative to the largest of the reference, so that of large ones no digit is
    lost.
    """
    name, draft = node.result.name, state.draft
    scores, values = node.inputs
    followed = [state.tight[each].hull for each in node.inputs if state.follows(each)]
    layout = Layout.covering(functools.reduce(Range.join, followed))
    largest = draft.derive("global_max_pool", [scores], f"{name}.most", {"keepdims": True})
    score, value = state.value_at(scores, layout), state.value_at(values, layout)
    gathered = draft.add("gather_reference", [largest, SEQUENCE], f"{name}.largest")
    less = draft.add("expand", [gathered, score], f"{name}.largest.value")
    score = draft.add("subtract", [score, less], f"{name}.scores", like=node)
    joined = []
    for inner, op, sources, label in (
        (score, "running_logsumexp", [scores], f"{name}.total"),
        (value, "running_softmax_pool", [scores, values], f"{name}.mean"),
    ):
        before, behind = beside(state, op, sources, (label, label), layout, inner)
        pieces = [before, inner, behind]
        joined.append(draft.add("concatenate", pieces, f"{name}.pieces", {"axis": 1}, like=node))
    state.leave_whole(name, draft.add("softmax_pool", joined, f"{name}.whole", like=node))


EXITS: dict[str, Exit] = {
    "multiply": Exit(_all_flat, scale),
    "flatten": Exit(_all_dense, flatten),
    "dense": Exit(lambda graph, node, stops: leaves_through_dense(graph, node), dense),
    "global_average_pool": Exit(_always, global_average_pool),
    "global_sum_pool": Exit(_always, global_sum_pool),
    "global_max_pool": Exit(_always, global_max_pool),
    "softmax_pool": Exit(_always, softmax_pool),
}
