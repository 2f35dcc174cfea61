"""Axes in another order, as channels in front of the positions: turned back where free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastism.ir.graph import Node, Rewritten, Value
from fastism.ir.ops import definition
from fastism.ir.ops.shape import axes_order
from fastism.passes.canonicalization.scope import Scope, is_function

TURN = (2, 1)


def turn_last(node: Node, scope: Scope) -> Rewritten:
    """``relu(permute(x))`` becomes ``permute(relu(x))``, for any element-wise function.

    Likewise what is the same at every position, where the channels stay last.

    Before::

        %turn : f32[N,3,20] = permute(%pool) {order=(2,1)}
        %act  : f32[N,3,20] = relu(%turn)

    After::

        %act.turned : f32[N,20,3] = relu(%pool)
        %act        : f32[N,3,20] = permute(%act.turned) {order=(2,1)}

    Only where nothing else reads the turned value, so that nothing is computed twice.
    """
    turn = scope.producer(node.inputs[0])
    if turn is None or turn.op != "permute" or not scope.alone(node.inputs[0]):
        return node
    order = axes_order(turn)
    if not is_function(node) and not (_by_channel(node) and order[-1] == len(order) - 1):
        return node
    name = scope.unique(f"{node.name}.turned")
    shape = [node.type.shape[order.index(axis)] for axis in range(len(order))]
    result = Value(name, node.type.with_shape(*shape))
    inner = replace(node, name=name, inputs=turn.inputs, results=(result,))
    return inner, turn.replace(name=node.name, inputs=(name,), results=node.results)


def _by_channel(node: Node) -> bool:
    """Whether a node does the same to the channels of each position of its one input."""
    alone = len(node.inputs) == len(node.results) == 1
    return alone and definition(node.op).by_position and node.type.rank > 2


def turned_twice(node: Node, scope: Scope) -> Rewritten:
    """``permute(permute(x))`` is ``x``, where the axes come to lie as they were."""
    before = scope.producer(node.inputs[0]) if node.op == "permute" else None
    if before is None or before.op != "permute":
        return node
    first, second = axes_order(before), axes_order(node)
    undone = [first[axis] for axis in second] == list(range(len(first)))
    return before.inputs[0] if undone else node


def dense_of_turned(node: Node, scope: Scope) -> Rewritten:
    """``dense(flatten(permute(x)))`` becomes ``dense(flatten(x))``, the kernel's rows turned.

    Before::

        %turn  : f32[N,3,20] = permute(%pool) {order=(2,1)}
        %flat  : f32[N,60]   = flatten(%turn)
        %dense : f32[N,9]    = dense(%flat) @dense.kernel

    After::

        %dense.flat : f32[N,60] = flatten(%pool)
        %dense      : f32[N,9]  = dense(%dense.flat) @dense.kernel.turned
    """
    flat = scope.producer(node.inputs[0])
    if node.op != "dense" or flat is None or flat.op != "flatten":
        return node
    turn = scope.producer(flat.inputs[0])
    if not _turns(turn):
        return node
    assert turn is not None
    kernel = scope.data(node, "kernel")
    assert kernel is not None
    channels, length = (int(extent) for extent in turn.type.shape[1:])
    rows = kernel.reshape(channels, length, -1).transpose(1, 0, 2).reshape(kernel.shape)
    others = tuple((role, key) for role, key in node.constants if role != "kernel")
    turned = scope.constant(node, "kernel.turned", np.ascontiguousarray(rows))
    name = scope.unique(f"{node.name}.flat")
    own = flat.replace(name=name, inputs=turn.inputs, results=(Value(name, flat.type),))
    return own, node.replace(inputs=(name,), constants=(("kernel", turned), *others))


def _turns(node: Node | None) -> bool:
    """Whether a node makes (N, C, L) of (N, L, C), or the other way round."""
    return node is not None and node.op == "permute" and node["order"] == TURN
