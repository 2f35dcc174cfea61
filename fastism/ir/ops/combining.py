"""Ops over several values: sums, products, extrema, concatenation."""

from __future__ import annotations

import itertools

from fastism.ir.graph import Node
from fastism.ir.ops.pointwise import unchanged
from fastism.ir.ops.registry import OpDefinition, Roles, Types, register
from fastism.ir.types import Dimension
from fastism.ir.windows import POINTWISE, UNREAD, Relation, Whole, Window


def broadcast(node: Node, types: Types, roles: Roles) -> Types:
    """Numpy broadcasting of equal ranks; the batch axes agree."""
    if len({t.rank for t in types}) != 1 or len({t.dtype for t in types}) != 1:
        raise ValueError(f"cannot combine {', '.join(map(str, types))}")
    shape: list[Dimension] = []
    for dims in zip(*(t.shape for t in types), strict=True):
        wide = {dim for dim in dims if dim != 1}
        if len(wide) > 1:
            raise ValueError(f"cannot combine {', '.join(map(str, types))}")
        shape.append(wide.pop() if wide else 1)
    return (types[0].with_shape(*shape),)


def _elementwise(node: Node, types: Types) -> tuple[Relation, ...]:
    length = node.type.length
    return tuple(
        POINTWISE if t.length == length else Whole("is spread over every position") for t in types
    )


def _concatenate(node: Node, types: Types, roles: Roles) -> Types:
    first = types[0]
    axis = node.integer("axis") % first.rank
    for other in types[1:]:
        apart = [
            i
            for i, (a, b) in enumerate(zip(first.shape, other.shape, strict=False))
            if a != b and i != axis
        ]
        if apart or (other.rank, other.dtype) != (first.rank, first.dtype):
            raise ValueError(f"cannot concatenate {', '.join(map(str, types))} over axis {axis}")
    shape = list(first.shape)
    shape[axis] = sum(int(t.shape[axis]) for t in types)
    return (first.with_shape(*shape),)


def _concatenate_relation(node: Node, types: Types) -> tuple[Relation, ...]:
    rank = types[0].rank
    axis = node.integer("axis") % rank
    if rank < 3:
        return tuple(Whole("has no sequence axis") for _ in types)
    if axis > 1:
        return tuple(POINTWISE for _ in types)
    ends = itertools.accumulate((t.length for t in types), initial=0)
    return tuple(Window(pad=start) for start, _ in zip(ends, types, strict=False))


def _constant(node: Node, types: Types, roles: Roles) -> Types:
    value = roles["value"]
    if value.dtype != types[0].dtype:
        raise ValueError(f"a constant {value} cannot meet {types[0]}")
    return (types[0].with_shape(types[0].shape[0], *value.shape),)


for _name, _summary in (
    ("add", "the sum of the inputs"),
    ("subtract", "the first input less all others"),
    ("average", "the mean of the inputs"),
):
    register(
        OpDefinition(
            _name,
            broadcast,
            arity=None,
            summary=_summary,
            relation=_elementwise,
            linear=True,
            pull=unchanged,
            elementwise=True,
            monotone=_name != "subtract",
            size="own" if _name == "average" else "kept",
            lets_in="none",
            light=True,
        )
    )
for _name, _summary in (
    ("multiply", "the product of the inputs"),
    ("divide", "the first input over all others"),
    ("maximum", "the largest of the inputs, element by element"),
    ("minimum", "the smallest of the inputs, element by element"),
):
    register(
        OpDefinition(
            _name,
            broadcast,
            arity=None,
            summary=_summary,
            relation=_elementwise,
            pull=unchanged,
            elementwise=True,
            monotone=_name in ("multiply", "maximum"),
            total=_name != "divide",
            size="own" if _name == "divide" else "kept",
            lets_in="part" if _name == "multiply" else "none",
            light=True,
        )
    )
register(
    OpDefinition(
        "concatenate",
        _concatenate,
        arity=None,
        summary="the inputs one after the other along `axis`, channels or positions",
        attributes={"axis": -1},
        relation=_concatenate_relation,
        linear=True,
        pull=unchanged,
        moves=True,
        monotone=True,
        lets_in="none",
        light=True,
    )
)
register(
    OpDefinition(
        "select",
        broadcast,
        arity=3,
        summary="(condition, a, b): `a` where the condition is not zero, `b` elsewhere",
        relation=_elementwise,
        pull=unchanged,
        elementwise=True,
        light=True,
    )
)
# What the edit cannot reach is read from the reference, so a weight of its own for every position
# is local.
register(
    OpDefinition(
        "constant",
        _constant,
        summary="(like): the same array for every sequence; of the input only the batch matters",
        roles=("value",),
        required=("value",),
        relation=lambda node, types: (UNREAD,),
        size="truth",
        factors=(),
        light=True,
    )
)
