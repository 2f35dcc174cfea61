"""Flatten and dense over positions that a pooled vector scales: squeeze and excite in front of it.

Every position is changed, but all in the same way: ``x'[p] s'`` where x' differs from x on a window
alone. So the layer's sum over the positions has a part that is summed once a sequence, by channel,
and weighed by the item's vector; and the window's::

    sum over p, c of  x'[p,c] s'[c] W[p,c]
  = sum over c of     s'[c] (sum over p of x[p,c] W[p,c])     dense_by_channel, weigh_reference
  + sum over p in the window, c of  (x'[p,c] - x[p,c]) s'[c] W[p,c]                   dense_rows
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastism.ir.graph import Graph, Node
from fastism.passes import costs
from fastism.passes.propagation.draft import SEQUENCE
from fastism.passes.propagation.state import Propagation


class Scaled(NamedTuple):
    """``local * vector``, (N, L, C) times (N, 1, C): the names of both."""

    local: str
    vector: str


def scaled(graph: Graph, name: str) -> Scaled | None:
    """What a value is the product of, if an edit changes one on a window and so the other."""
    node = graph.producers.get(name)
    if node is None or node.op != "multiply" or len(node.inputs) != 2:
        return None
    for local, vector in (node.inputs, node.inputs[::-1]):
        one, other = graph.values[local], graph.values[vector]
        alike = one.type == node.type == other.type.with_length(node.type.length)
        if alike and other.type.length == 1 < node.type.length and not other.window.is_none:
            return Scaled(local, vector)
    return None


def scales_into_flatten(graph: Graph, node: Node) -> bool:
    """Whether a product is read by one flatten alone."""
    if scaled(graph, node.results[0].name) is None or node.result.name in graph.outputs:
        return False
    users = graph.users[node.result.name]
    return len(users) == 1 and users[0].op == "flatten"


def weighing_pays(graph: Graph, product: Node, layers: Sequence[Node]) -> bool:
    """Whether the dense layers behind a product cost less so than if all of it runs whole.

    The sums of a pair's reference are found by its sequence, written and read, a row for each
    channel; that is more than the whole layer reads where the positions are few.
    """
    found = scaled(graph, product.result.name)
    assert found is not None
    local = graph.values[found.local]
    behind = [product, *graph.users[product.result.name], *layers]
    whole = sum(costs.seconds(node, graph.types(node.inputs)) for node in behind)
    windows = 0.0
    for layer in layers:
        rows, units = local.type.channels, layer.result.type
        copied = 3 * rows * units.bytes / costs.BYTES / costs.ALTERNATIVES
        summed = rows * units.channels / costs.PRODUCTS
        spent = costs.seconds(layer, graph.types(layer.inputs))
        windows += spent * costs.fraction(local) + copied + summed
    return windows < whole


def weighed(state: Propagation, node: Node, found: Scaled) -> str:
    """What the reference's positions, scaled by the items' vectors, come to behind a dense node."""
    kernel = {"kernel": dict(node.constants)["kernel"]}
    sums = state.draft.derive("dense_by_channel", [found.local], f"{node.name}.sums", {}, kernel)
    rows = state.draft.add("gather_reference", [sums, SEQUENCE], f"{node.name}.reference")
    shape = {"shape": (state.source.values[found.vector].type.channels,)}
    whole = [state.whole(found.vector)]
    vector = state.draft.add("reshape", whole, f"{node.name}.vector", shape, like=node)
    total = state.draft.add("weigh_reference", [vector, rows], f"{node.name}.weighed", like=node)
    bias = node.constant("bias")
    if bias is None:
        return total
    return state.draft.add(
        "scale_shift", [total], f"{node.name}.weighed", constants={"shift": bias}, like=node
    )
