"""Attention that pools: the softmax of all positions' scores, and the mean that it weighs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fastism.ir.graph import Attribute, Node, Rewritten
from fastism.ir.ops.shape import axes_order
from fastism.ir.types import NUMPY_DTYPES, TensorType
from fastism.passes.canonicalization.scope import Scope


def softmax_pool(node: Node, scope: Scope) -> Rewritten:
    """``sum(x * softmax(scores, axis=1), axis=1)`` becomes one op, a way out of windows.

    Before::

        %turn    : f32[N,1,60] = reshape(%scores) {shape=(1,60)}
        %softmax : f32[N,1,60] = softmax(%turn)
        %back    : f32[N,60,1] = reshape(%softmax) {shape=(60,1)}
        %gate    : f32[N,60,8] = multiply(%x, %back)
        %sum     : f32[N,8]    = global_sum_pool(%gate)

    After::

        %sum     : f32[N,8]    = softmax_pool(%scores, %x)

    The scores may have been turned by permutes or flattened, and copied to every channel. A mean is
    the sum over the positions. A softmax may be written out as ``exp(scores - most) / total``, of
    whatever vector ``most``; where something is added to the total, the pool is scaled by that::

        %total : f32[N,1,1] = global_sum_pool(%exp) {keepdims=true}
        %more  : f32[N,1,1] = scale_shift(%total) @shift
        %share : f32[N,1,1] = divide(%total, %more)
    """
    if node.op not in ("global_sum_pool", "global_average_pool"):
        return node
    product = scope.producer(node.inputs[0])
    if product is None or product.op != "multiply" or len(product.inputs) != 2:
        return node
    if not scope.alone(node.inputs[0]):
        return node
    for values, weights in (product.inputs, product.inputs[::-1]):
        if scope.type(values) == product.type:
            found = _written_out(weights, scope) or _softmax(weights, scope)
            if found is not None:
                return _pool(node, found, values, scope)
    return node


_MOVES = ("reshape", "flatten", "permute", "upsample")


class _Weights(NamedTuple):
    """Weights of positions: the softmax of ``scores`` times ``total / divisor``, where given.

    column: the channel of the scores that is meant, where not all are.
    """

    scores: str
    total: str | None = None
    divisor: str | None = None
    column: int | None = None


def _pool(node: Node, weights: _Weights, values: str, scope: Scope) -> Rewritten:
    nodes, scores = list[Node](), weights.scores
    if weights.column is not None:
        part = {"start": weights.column, "stop": weights.column + 1}
        scores = scope.unique(f"{node.name}.scores")
        nodes.append(scope.node("slice_channels", [weights.scores], scores, node, part))
    pool = scope.unique(f"{node.name}.pool")
    nodes.append(scope.node("softmax_pool", [scores, values], pool, node))

    def then(op: str, inputs: Sequence[str], **attributes: Attribute) -> None:
        name = scope.unique(f"{node.name}.pool")
        nodes.append(scope.node(op, inputs, name, node, attributes))

    if weights.total and weights.divisor:
        then("divide", [weights.total, weights.divisor])
        then("reshape", [nodes[-1].name], shape=(scope.type(weights.scores).channels,))
        then("multiply", [pool, nodes[-1].name])
    if node.op == "global_average_pool":
        type_ = scope.type(values)
        share = np.asarray(1.0 / type_.length, NUMPY_DTYPES[type_.dtype])
        scale = {"scale": scope.constant(node, "share", share)}
        name = scope.unique(f"{node.name}.pool")
        nodes.append(scope.node("scale_shift", [nodes[-1].name], name, node, {}, scale))
    if node["keepdims"]:
        then("reshape", [nodes[-1].name], shape=(1, node.type.channels))
    last = nodes.pop()
    nodes.append(last.replace(name=node.name, results=node.results))
    return tuple(nodes)


def _written_out(weights: str, scope: Scope) -> _Weights | None:
    """``exp(scores) / total``, or ``exp(scores - vector) / (total + constant)``.

    Moves behind it may come to nothing, as where weights are turned for a product and back, or
    leave one of several columns of weights.
    """
    behind, share = _moves(weights, scope, "slice_channels")
    if share is None or share.op != "divide" or len(share.inputs) != 2 or share.type.rank != 3:
        return None
    places = _places(share.type)
    ends = _moved(places, behind)
    column = None if np.array_equal(ends, places) else _column(ends, places)
    if column is None and not np.array_equal(ends, places):
        return None
    powers, divisor = share.inputs
    exp, total = scope.producer(powers), scope.producer(divisor)
    while total is not None and total.op == "scale_shift":
        total = scope.producer(total.inputs[0])
    if exp is None or exp.op != "exponential" or total is None or share.type != exp.type:
        return None
    if total.op != "global_sum_pool" or not total["keepdims"] or total.inputs != (powers,):
        return None
    less = scope.producer(exp.inputs[0])
    scores = exp.inputs[0]
    if less is not None and less.op == "subtract" and scope.type(less.inputs[1]).length == 1:
        scores = less.inputs[0] if scope.type(less.inputs[0]) == less.type else scores
    if total.result.name == divisor:
        return _Weights(scores, column=column)
    return _Weights(scores, total.result.name, divisor) if column is None else None


def _softmax(weights: str, scope: Scope) -> _Weights | None:
    """The softmax of scores (N, L, 1) or (N, L, C), turned to lie along the last axis."""
    behind, node = _moves(weights, scope, "slice_channels")
    if node is None or node.op != "softmax" or scope.type(weights).rank != 3:
        return None
    before, _ = _moves(node.inputs[0], scope)
    scores = before[0].inputs[0] if before else node.inputs[0]
    if scope.type(scores).rank != 3:
        return None
    # Which score is where: followed through all moves.
    places = _places(scope.type(scores))
    length = places.shape[1]
    rows = _moved(places, before).reshape(-1, node.type.channels)
    if rows.shape[1] != length or not np.array_equal(rows, places[0].T):
        return None
    ends = _moved(_moved(places, before), behind)
    column = _column(ends, places)
    if column is not None and places.shape[2] > 1:
        return _Weights(scores, column=column)
    copied = {1, ends.shape[2]} >= {places.shape[2]} and ends.shape[1] == length
    same = copied and np.array_equal(ends, np.broadcast_to(places, ends.shape))
    return _Weights(scores) if same else None


def _places(type: TensorType) -> npt.NDArray[np.int64]:
    """Every number's own number, (1, L, C)."""
    length, channels = (int(extent) for extent in type.shape[1:])
    return np.arange(length * channels).reshape(1, length, channels)


def _column(ends: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> int | None:
    """The channel of which moves have left all positions, in order, and no other channel."""
    found = int(ends.flat[0]) % places.shape[2]
    return found if np.array_equal(ends, places[..., found : found + 1]) else None


def _moves(name: str, scope: Scope, *also: str) -> tuple[list[Node], Node | None]:
    """The ops that only move numbers on the way to a value, in order, and what they begin with.

    also: more of these ops.
    """
    steps: list[Node] = []
    node = scope.producer(name)
    while node is not None and node.op in (*_MOVES, *also):
        steps.insert(0, node)
        node = scope.producer(node.inputs[0])
    return steps, node


def _moved(places: npt.NDArray[np.int64], steps: Sequence[Node]) -> npt.NDArray[np.int64]:
    for step in steps:
        if step.op == "permute":
            places = places.transpose(axes_order(step))
        elif step.op == "upsample":
            places = places.repeat(step.integer("factor"), axis=1)
        elif step.op == "slice_channels":
            places = places[..., step.integer("start") : step.integer("stop")]
        else:
            places = places.reshape(1, *(int(extent) for extent in step.type.shape[1:]))
    return places
