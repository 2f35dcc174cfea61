"""Pools over windows, and pools over the whole length."""

from __future__ import annotations

import math

from fastism.ir.graph import Attribute, Node
from fastism.ir.ops.convolution import output_length, windowed, without_padding
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Roles, Types, register
from fastism.ir.types import TensorType
from fastism.ir.windows import Relation, Whole


def _pool(node: Node, types: Types, roles: Roles) -> Types:
    if types[0].rank != 3:
        raise ValueError(f"pools need (batch, length, channels), not {types[0]}")
    return (types[0].with_length(output_length(node, types[0].length)),)


def _global(node: Node, types: Types, roles: Roles) -> Types:
    source = types[0]
    if source.rank != 3:
        raise ValueError(f"pools need (batch, length, channels), not {source}")
    middle = (1,) if node["keepdims"] else ()
    return (source.with_shape(source.shape[0], *middle, source.channels),)


def weighs(scores: TensorType, values: TensorType) -> None:
    """Raise ValueError unless there is a score for every position, or for each of its numbers."""
    fits = scores.rank == values.rank == 3 and scores.length == values.length
    if not fits or scores.channels not in (1, values.channels) or scores.dtype != values.dtype:
        raise ValueError(f"{scores} does not score the positions of {values}")


def _softmax_pool(node: Node, types: Types, roles: Roles) -> Types:
    scores, values = types
    weighs(scores, values)
    return (values.with_shape(values.shape[0], values.channels),)


def _whole(node: Node, types: Types) -> tuple[Relation, ...]:
    return (Whole("pools over the whole length"),)


_WINDOW: dict[str, Attribute] = {"size": REQUIRED, "stride": REQUIRED, "pad": "valid"}
register(
    OpDefinition(
        "max_pool",
        _pool,
        summary="the largest of `size` positions",
        attributes=_WINDOW,
        relation=windowed,
        pull=without_padding,
        fill=-math.inf,
        monotone=True,
        light=True,
    )
)
# An average over `same` padding divides by the positions inside the input, so it is linear only
# together with the position scale that the split pass puts behind it.
register(
    OpDefinition(
        "average_pool",
        _pool,
        summary="the mean of those of `size` positions that lie inside",
        attributes=_WINDOW,
        relation=windowed,
        linear=True,
        pull=without_padding,
        monotone=True,
        size="own",
        light=True,
    )
)
for _name, _summary in (
    ("global_average_pool", "the mean over all positions"),
    ("global_sum_pool", "the sum over all positions"),
    ("global_max_pool", "the largest over all positions"),
):
    register(
        OpDefinition(
            _name,
            _global,
            summary=_summary,
            attributes={"keepdims": False},
            relation=_whole,
            linear=_name != "global_max_pool",
            monotone=True,
            size="kept" if _name == "global_max_pool" else "own",
            light=True,
        )
    )
register(
    OpDefinition(
        "softmax_pool",
        _softmax_pool,
        arity=2,
        summary="(scores, values): the mean of all positions, weighed by the softmax of their "
        "scores: one for all channels, or each its own",
        relation=lambda node, types: (Whole("weighs every position against all others"),) * 2,
        size="own",
        light=True,
    )
)
