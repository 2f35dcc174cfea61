"""Ops over the rows of a sequence: which positions count (masks), and rows as token numbers."""

from __future__ import annotations

from fastism.ir.graph import Node
from fastism.ir.ops.pointwise import local, same_type, unchanged
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Roles, Types, register
from fastism.ir.types import TensorType
from fastism.ir.windows import Relation, Whole


def _positions(types: Types) -> TensorType:
    if types[0].rank != 3:
        raise ValueError(f"reads rows of positions, (N, L, C), not {types[0]}")
    return types[0]


def _mask(node: Node, types: Types, roles: Roles) -> Types:
    source = _positions(types)
    return (TensorType("f32", (*source.shape[:2], 1)),)


def _token(node: Node, types: Types, roles: Roles) -> Types:
    return (TensorType(str(node["dtype"]), _positions(types).shape[:2]),)


def _no_positions(node: Node, types: Types) -> tuple[Relation, ...]:
    return (Whole("gives token numbers, which have no windows"),)


register(
    OpDefinition(
        "mask",
        _mask,
        summary="1 at positions where a channel differs from `value`, else 0; f32 (N, L, 1)",
        attributes={"value": 0.0},
        relation=local,
        pull=unchanged,
        size="truth",
        light=True,
    ),
)
register(
    OpDefinition(
        "masked",
        same_type,
        summary="`x` where its `mask` is 1, zeros elsewhere",
        attributes={"value": 0.0},
        relation=local,
        pull=unchanged,
        light=True,
    ),
)
register(
    OpDefinition(
        "token",
        _token,
        summary="the number of the largest channel of every position, (N, L)",
        attributes={"dtype": REQUIRED},
        relation=_no_positions,
        size="own",
        light=True,
    )
)
