"""The softmax of the positions of each pool, by ops that pool and repeat positions."""

from __future__ import annotations

import numpy as np

from fastism.ir.graph import Attribute, Node, Rewritten
from fastism.ir.ops import definition
from fastism.ir.ops.shape import axes_order
from fastism.ir.types import NUMPY_DTYPES
from fastism.passes.canonicalization.scope import Scope

LAST_TWO = [0, 1, 3, 2]
"""The order of axes that turns the positions of a pool and its channels round."""


def softmax_of_pools(node: Node, scope: Scope) -> Rewritten:
    """A softmax over the positions of each pool, as those of Enformer have, is written out.

    Before::

        %pools   : f32[N,30,2,8] = reshape(%scores) {shape=(30,2,8)}
        %turn    : f32[N,30,8,2] = permute(%pools) {order=(1,3,2)}
        %softmax : f32[N,30,8,2] = softmax(%turn)
        %back    : f32[N,30,2,8] = permute(%softmax) {order=(1,3,2)}

    After::

        %rows   : f32[N,60,8]   = reshape(%pools) {shape=(60,8)}
        %most   : f32[N,30,8]   = max_pool(%rows) {size=2, stride=2}
        %each   : f32[N,60,8]   = upsample(%most) {factor=2}
        %less   : f32[N,60,8]   = subtract(%rows, %each)
        %power  : f32[N,60,8]   = exponential(%less)
        %mean   : f32[N,30,8]   = average_pool(%power) {size=2, stride=2}
        %total  : f32[N,30,8]   = scale_shift(%mean) @size
        %all    : f32[N,60,8]   = upsample(%total) {factor=2}
        %weight : f32[N,60,8]   = divide(%power, %all)
        %back   : f32[N,30,2,8] = reshape(%weight) {shape=(30,2,8)}

    So a change stays in channels and rows of positions as they are. Only where the pools are those
    of a value with all positions along one axis.
    """
    softmax = scope.producer(node.inputs[0]) if _turns(node) else None
    if softmax is None or softmax.op != "softmax" or not scope.alone(node.inputs[0]):
        return node
    before = scope.producer(softmax.inputs[0])
    pools, size, channels = (int(extent) for extent in node.type.shape[1:])
    if before is None or not _turns(before):
        return node
    if not _along_one_axis(before.inputs[0], pools * size, scope):
        return node
    nodes: list[Node] = []

    def then(op: str, *inputs: str, scale: str | None = None, **attributes: Attribute) -> str:
        name = scope.unique(f"{node.name}.{op}")
        constants = {"scale": scale} if scale is not None else {}
        nodes.append(scope.node(op, inputs, name, node, attributes, constants))
        return name

    rows = then("reshape", before.inputs[0], shape=(pools * size, channels))
    most = then("max_pool", rows, size=size, stride=size)
    less = then("subtract", rows, then("upsample", most, factor=size))
    power = then("exponential", less)
    mean = then("average_pool", power, size=size, stride=size)
    count = np.asarray(size, NUMPY_DTYPES[node.type.dtype])
    total = then("scale_shift", mean, scale=scope.constant(node, "size", count))
    weight = then("divide", power, then("upsample", total, factor=size))
    back = scope.node("reshape", [weight], node.name, node, {"shape": (pools, size, channels)})
    return (*nodes, back.replace(results=node.results))


def _turns(node: Node) -> bool:
    """Whether a node turns the last two of four axes round."""
    return node.op == "permute" and list(axes_order(node)) == LAST_TWO


def _along_one_axis(name: str, length: int, scope: Scope) -> bool:
    """Whether a value (N, P, S, C) is, position by position, of one (N, P*S, C)."""
    node = scope.producer(name)
    while node is not None and node.op != "reshape":
        by_position = definition(node.op).by_position or node.op == "dense"
        one = by_position and len(node.inputs) == 1
        node = scope.producer(node.inputs[0]) if one else None
    if node is None:
        return False
    read = scope.type(node.inputs[0])
    return read.rank == 3 and read.length == length and read.channels == node.type.channels
