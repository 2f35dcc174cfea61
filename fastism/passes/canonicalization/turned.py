"""Channels in front of the positions, as other frameworks have them: turned back where free."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastism.ir.graph import Node, Rewritten, Value
from fastism.passes.canonicalization.scope import Scope, is_function

TURN = (2, 1)


def turn_last(node: Node, scope: Scope) -> Rewritten:
    """``relu(permute(x))`` becomes ``permute(relu(x))``, for any element-wise function.

    Before::

        %turn : f32[N,3,20] = permute(%pool) {order=(2,1)}
        %act  : f32[N,3,20] = relu(%turn)

    After::

        %act.turned : f32[N,20,3] = relu(%pool)
        %act        : f32[N,3,20] = permute(%act.turned) {order=(2,1)}

    Only where nothing else reads the turned value, so that nothing is computed twice.
    """
    turn = scope.producer(node.inputs[0])
    if not is_function(node) or not _turns(turn) or not scope.alone(node.inputs[0]):
        return node
    assert turn is not None
    source = turn.inputs[0]
    name = scope.unique(f"{node.name}.turned")
    result = Value(name, node.type.with_shape(*scope.type(source).shape))
    inner = replace(node, name=name, inputs=(source,), results=(result,))
    return inner, turn.replace(name=node.name, inputs=(name,), results=node.results)


def turned_twice(node: Node, scope: Scope) -> Rewritten:
    """``permute(permute(x))`` is ``x``, where each makes (N, C, L) of (N, L, C)."""
    if not _turns(node):
        return node
    before = scope.producer(node.inputs[0])
    return before.inputs[0] if before is not None and _turns(before) else node


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
