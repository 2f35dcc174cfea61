"""Ops that move positions or change the shape: crop, pad, upsample, flatten, reshape."""

from __future__ import annotations

import math

from fastism.ir.graph import Node
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Roles, Types, register
from fastism.ir.windows import POINTWISE, Relation, Whole, Window


def _crop(node: Node, types: Types, roles: Roles) -> Types:
    length = types[0].length - node.integer("left") - node.integer("right")
    if length < 1:
        raise ValueError(f"crops all {types[0].length} positions away")
    return (types[0].with_length(length),)


def _pad(node: Node, types: Types, roles: Roles) -> Types:
    length = types[0].length + node.integer("left") + node.integer("right")
    return (types[0].with_length(length),)


def _upsample(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_length(types[0].length * node.integer("factor")),)


def _flatten(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_shape(types[0].shape[0], types[0].elements),)


def target_shape(node: Node, elements: int) -> tuple[int, ...]:
    """A reshape's target without the batch axis, with -1 worked out."""
    target = node["shape"]
    assert isinstance(target, tuple)
    dims = [dim for dim in target if isinstance(dim, int)]
    known = math.prod(dim for dim in dims if dim != -1)
    shape = tuple(elements // known if dim == -1 else dim for dim in dims)
    if math.prod(shape) != elements:
        raise ValueError(f"cannot reshape {elements} elements to {target}")
    return shape


def _reshape(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_shape(types[0].shape[0], *target_shape(node, types[0].elements)),)


def _reshape_relation(node: Node, types: Types) -> tuple[Relation, ...]:
    same = node.type.rank >= 3 and node.type.length == types[0].length and types[0].rank >= 3
    return (POINTWISE,) if same else (Whole("changes the sequence axis"),)


_ENDS = {"left": 0, "right": 0}
register(
    OpDefinition(
        "crop",
        _crop,
        attributes=_ENDS,
        relation=lambda node, types: (Window(pad=-node.integer("left")),),
        linear=True,
    )
)
register(
    OpDefinition(
        "zero_pad",
        _pad,
        attributes=_ENDS,
        relation=lambda node, types: (Window(pad=node.integer("left")),),
        linear=True,
    )
)
register(
    OpDefinition(
        "upsample",
        _upsample,
        attributes={"factor": REQUIRED},
        relation=lambda node, types: (Window(factor=node.integer("factor")),),
        linear=True,
    )
)
register(
    OpDefinition(
        "flatten",
        _flatten,
        relation=lambda node, types: (Whole("gives every position a weight of its own"),),
        linear=True,
    )
)
register(
    OpDefinition(
        "reshape",
        _reshape,
        attributes={"shape": REQUIRED},
        relation=_reshape_relation,
        linear=True,
    )
)
