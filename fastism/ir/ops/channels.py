"""Ops over the channels of every position: reductions, which keep one channel, and sorts."""

from __future__ import annotations

from fastism.ir.graph import Node
from fastism.ir.ops.pointwise import over_channels, same_type, unchanged
from fastism.ir.ops.registry import OpDefinition, Roles, Types, register


def _reduced(node: Node, types: Types, roles: Roles) -> Types:
    source = types[0]
    if source.rank < 2:
        raise ValueError(f"{source} has no channels")
    return (source.with_shape(*source.shape[:-1], 1),)


for _name, _summary in (
    ("channel_sum", "the sum of the channels of every position"),
    ("channel_max", "the largest channel of every position"),
):
    register(
        OpDefinition(
            _name,
            _reduced,
            summary=_summary,
            relation=over_channels,
            linear=_name == "channel_sum",
            pull=unchanged,
            along_channels=True,
            light=True,
        )
    )
register(
    OpDefinition(
        "channel_sort",
        same_type,
        summary="the channels of every position, the smallest first",
        relation=over_channels,
        pull=unchanged,
        along_channels=True,
    )
)
