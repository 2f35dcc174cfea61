"""Bring values of more than three axes to (N, L, C), for ops that treat positions alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from fastism.ir.graph import Attribute, Node, Rewritten, Value
from fastism.ir.ops import definition
from fastism.ir.types import TensorType
from fastism.passes.canonicalization.scope import Scope

Rows: TypeAlias = tuple[int, int]
"""Positions and channels."""


def three_axes(node: Node, scope: Scope) -> Rewritten:
    """An op over (N, L, W, C) becomes one over (N, L, W*C) or (N, L*W, C), between two reshapes.

    Before::

        %act : f32[N,600,1,8] = relu(%conv)

    After::

        %act.rows : f32[N,600,8]   = reshape(%conv) {shape=(600,8)}
        %act      : f32[N,600,8]   = relu(%act.rows)
        %act.back : f32[N,600,1,8] = reshape(%act) {shape=(600,1,8)}

    A value (N, 1, L, C) becomes (N, L, C). The next rule takes away the reshapes that undo each
    other. An op whose operands are spread over a middle axis stays as it is.
    """
    types = [scope.type(name) for name in node.inputs]
    if len(node.results) != 1 or max(type_.rank for type_ in (*types, node.type)) <= 3:
        return node
    if node.op == "flatten":
        shape = tuple(map(int, types[0].shape[1:]))
        rows = _reshape(scope, node, Value(node.inputs[0], types[0]), _rows(shape, 1), ".rows")
        return rows, node.replace(inputs=(rows.result.name,))
    joined = all(_of_rows(name, scope) for name in node.inputs)
    found = _views(node, types, joined)
    if found is None:
        return node
    (*views, result), attributes = found
    before = [
        _reshape(scope, node, Value(name, type_), view, ".rows")
        for name, type_, view in zip(node.inputs, types, views, strict=True)
    ]
    inner = node.replace(
        inputs=tuple(reshape.result.name for reshape in before),
        results=(replace(node.result, type=node.type.with_shape(node.type.shape[0], *result)),),
        attributes={**node.attributes, **attributes},
    )
    dims = tuple(map(int, node.type.shape[1:]))
    return (*before, inner, _reshape(scope, inner, inner.result, dims, ".back"))


def _of_rows(name: str, scope: Scope) -> bool:
    """Whether a value is a reshape of one whose positions are all along one axis."""
    node, shape = scope.producer(name), tuple(map(int, scope.type(name).shape[1:]))
    if node is None or node.op != "reshape":
        return False
    return scope.type(node.inputs[0]).shape[1:] == _rows(shape, len(shape) - 1)


def _views(
    node: Node, types: Sequence[TensorType], joined: bool
) -> tuple[list[Rows], dict[str, Attribute]] | None:
    """Positions and channels of every input and of the result, and what the op is then told.

    joined: whether the inputs have all positions along one axis already.
    """
    shapes = [tuple(map(int, type_.shape[1:])) for type_ in (*types, node.type)]
    dropped = len(shapes[-1]) == 3 and all(shape[0] == 1 for shape in shapes)
    if dropped:  # the length is the second axis
        shapes = [shape[1:] for shape in shapes]
    flat = [_rows(shape, 1) for shape in shapes]
    rows = [_rows(shape, len(shape) - 1) for shape in shapes]
    if node.op == "concatenate":
        axis = node.integer("axis") % node.type.rank - 1 - dropped
        if axis == len(shapes[-1]) - 1:
            return rows, {"axis": 2}
        return (flat, {"axis": axis + 1}) if axis < 2 else None
    op = definition(node.op)
    if op.elementwise and len({shape[1:] for shape in shapes}) == 1 and not joined:
        return flat, {}
    if op.by_position:
        count = rows[-1][0]
        if all(view[0] in (count, 1) for view in rows):
            return rows, {}
    return None


def _rows(shape: tuple[int, ...], cut: int) -> Rows:
    """The axes before ``cut`` as positions, those behind it as channels."""
    return math.prod(shape[:cut]), math.prod(shape[cut:])


def _reshape(scope: Scope, near: Node, source: Value, shape: tuple[int, ...], suffix: str) -> Node:
    name = scope.unique(f"{near.name}{suffix}")
    result = Value(name, source.type.with_shape(source.type.shape[0], *shape))
    return Node(name, "reshape", (source.name,), (result,), {"shape": shape}, origin=near.origin)
