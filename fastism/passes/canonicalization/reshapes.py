"""Fold reshapes of reshapes, so that only those stay that move elements between positions."""

from __future__ import annotations

import math
from dataclasses import replace

from fastism.ir.graph import Node, Rewritten
from fastism.ir.types import TensorType
from fastism.passes.canonicalization.scope import Scope

RESHAPES = ("reshape", "flatten")


def fold_reshapes(node: Node, scope: Scope) -> Rewritten:
    """``reshape(reshape(x))`` becomes one reshape of ``x``, or ``x`` where that has the type.

    A reshape whose lengths do not divide each other becomes two, by way of their least common
    multiple: the first splits positions and the second joins them, and each is local::

        %r       : f32[N,20,9]  = reshape(%x: f32[N,30,6]) {shape=(20,9)}
    becomes
        %r.split : f32[N,60,3]  = reshape(%x) {shape=(60,3)}
        %r       : f32[N,20,9]  = reshape(%r.split) {shape=(20,9)}
    """
    if node.op not in RESHAPES:
        return node
    before = scope.producer(node.inputs[0])
    if before is not None and before.op in RESHAPES and _fold(scope, before, node):
        node = node.replace(inputs=before.inputs)
    source, shape = scope.type(node.inputs[0]), tuple(map(int, node.type.shape[1:]))
    if source == node.type:
        return node.inputs[0]
    if node.type.rank == 2 and source.rank == 3 and source.length > 1:
        return node.replace(op="flatten", attributes={})
    if node.op == "flatten":
        return node
    node = node.with_attributes(shape=shape)
    return _split(node, source, scope) if _apart(source, node.type) else node


def _fold(scope: Scope, before: Node, node: Node) -> bool:
    """Whether one reshape can do what two in a row do, and is as local."""
    first, middle = scope.type(before.inputs[0]), before.type
    if node.op == "flatten" and first.rank > 3:
        return False  # a flatten reads positions of channels: three axes
    local = middle.rank >= 3 and not _apart(first, middle) and not _apart(middle, node.type)
    return not (local and _apart(first, node.type))


def _apart(before: TensorType, after: TensorType) -> bool:
    """Whether both have positions, and neither length divides the other."""
    lengths = sorted((before.length, after.length))
    return min(before.rank, after.rank) >= 3 and lengths[1] % lengths[0] != 0


def _split(node: Node, source: TensorType, scope: Scope) -> Rewritten:
    length = math.lcm(source.length, node.type.length)
    shape = (length, node.type.elements // length)
    name = scope.unique(f"{node.name}.split")
    type_ = node.type.with_shape(node.type.shape[0], *shape)
    split = node.replace(
        name=name,
        results=(replace(node.result, name=name, type=type_),),
        attributes={"shape": shape},
    )
    return split, node.replace(inputs=(name,))
