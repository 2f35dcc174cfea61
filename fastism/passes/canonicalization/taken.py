"""Channels that nobody takes are not computed: a slice of a layer is a layer of fewer channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.ir.graph import Node, Rewritten, Value
from fastism.passes.canonicalization.scope import Scope, is_function

_ALONG = ("crop", "slice")
"""Ops that take positions, each with all its channels."""


def layer_of_taken(node: Node, scope: Scope) -> Rewritten:
    """``slice_channels(sigmoid(conv1d(x)))`` becomes a sigmoid of a convolution of its channels.

    Before::

        %conv  : f32[N,6,90] = conv1d(%seq) {width=3} @conv.kernel @conv.bias
        %act   : f32[N,6,90] = sigmoid(%conv)
        %taken : f32[N,6,2]  = slice_channels(%act) {start=3, stop=5}

    After::

        %conv.taken : f32[N,4,2] = conv1d(%seq) {width=3} @conv.kernel.taken @conv.bias.taken
        %taken      : f32[N,4,2] = sigmoid(%conv.taken)

    So too several slices of one value side by side. Of convolutions without groups and dense
    layers, whose channels are read through such slices alone, and not all of them: two halves of a
    convolution are left to one product.
    """
    slices = _slices(node, scope)
    chain = _chain(slices[0], scope) if slices else ()
    if not chain or not _is_sparing(chain, scope):
        return node
    layer, between = chain[0], chain[1:]
    numbers = np.arange(layer.type.channels)
    taken = np.concatenate([numbers[_part(each)] for each in slices])
    constants = []
    for role, _ in layer.constants:
        weight = scope.data(layer, role)
        assert weight is not None
        constants.append((role, scope.constant(layer, f"{role}.taken", weight[..., taken])))
    first = layer.replace(constants=tuple(constants))
    made: list[Node] = []
    for each in (first, *between):
        last = len(made) == len(between)
        name = node.name if last else scope.unique(f"{each.name}.taken")
        type = each.type.with_shape(*each.type.shape[:-1], node.type.channels)
        result = node.result if last else Value(name, type)
        inputs = (made[-1].result.name,) if made else each.inputs
        made.append(each.replace(name=name, inputs=inputs, results=(result,)))
    return tuple(made)


def _slices(node: Node, scope: Scope) -> Sequence[Node]:
    """The slices of one value that a node is: itself, or those it joins; none for another node.

    A slice that is joined to others is theirs alone, not one by itself.
    """
    if node.op == "slice_channels":
        readers = scope.graph.users.get(node.result.name, ())
        joined = len(readers) == 1 and bool(_joined(readers[0], scope))
        return () if joined else (node,)
    return _joined(node, scope)


def _joined(node: Node, scope: Scope) -> Sequence[Node]:
    """The slices of one value that a node joins, if nothing else is joined or reads them."""
    graph = scope.graph
    if node.op != "concatenate" or node.integer("axis") % node.type.rank != node.type.rank - 1:
        return ()
    sources = [graph.producers.get(name) for name in node.inputs]
    slices = [each for each in sources if each is not None and each.op == "slice_channels"]
    alone = all(
        graph.users[each.result.name] == (node,) and each.result.name not in graph.outputs
        for each in slices
    )
    one = len({each.inputs[0] for each in slices}) == 1
    return slices if alone and one and len(slices) == len(sources) else ()


def _part(node: Node) -> slice:
    start, stop, step = (node.attributes[key] for key in ("start", "stop", "step"))
    part: slice = slice(start, stop, step)
    return part


def _chain(node: Node, scope: Scope) -> Sequence[Node]:
    """The layer whose channels a slice takes, and what lies between; empty where it is no layer."""
    between: list[Node] = []
    source = scope.graph.producers.get(node.inputs[0])
    while source is not None and (is_function(source) or source.op in _ALONG):
        between.append(source)
        source = scope.graph.producers.get(source.inputs[0])
    if source is None or source.op not in ("conv1d", "dense"):
        return ()
    plain = source.attributes["activation"] == "linear" and source.attributes.get("groups", 1) == 1
    return (source, *reversed(between)) if plain else ()


def _is_sparing(chain: Sequence[Node], scope: Scope) -> bool:
    """Whether the values of a chain lead to slices alone, of fewer channels than there are."""
    graph = scope.graph
    names = [each.result.name for each in chain]
    readers = [graph.users.get(name, ()) for name in names]
    if any(name in graph.outputs for name in names) or any(len(each) > 1 for each in readers[:-1]):
        return False
    slices = [reader for reader in readers[-1] if reader.op == "slice_channels"]
    taken = sum(reader.type.channels for reader in slices)
    return len(slices) == len(readers[-1]) and taken < chain[0].type.channels
