"""Ops that move or take positions, or change the shape: crop, slice, pad, upsample, reshape..."""

from __future__ import annotations

import math
from typing import Any

from fastism.ir.graph import Attribute, Node
from fastism.ir.ops.pointwise import over_channels, unchanged
from fastism.ir.ops.registry import REQUIRED, OpDefinition, Roles, Types, register
from fastism.ir.windows import POINTWISE, Relation, Whole, Window


def _crop(node: Node, types: Types, roles: Roles) -> Types:
    length = types[0].length - node.count("left", least=0) - node.count("right", least=0)
    if length < 1:
        raise ValueError(f"crops all {types[0].length} positions away")
    return (types[0].with_length(length),)


def _pad(node: Node, types: Types, roles: Roles) -> Types:
    length = types[0].length + node.count("left", least=0) + node.count("right", least=0)
    return (types[0].with_length(length),)


def slice_of(node: Node) -> slice:
    """The Python slice that a slice node is."""
    bounds: list[Any] = [node[key] for key in ("start", "stop", "step")]
    return slice(*bounds)


def positions(node: Node, extent: int) -> range:
    """What a slice takes of an axis, as Python would. Raises ValueError if it takes nothing."""
    taken = range(extent)[slice_of(node)]
    if not taken:
        raise ValueError(f"takes none of {extent}")
    return taken


def _slice(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_length(len(positions(node, types[0].length))),)


def _slice_relation(node: Node, types: Types) -> tuple[Relation, ...]:
    taken = positions(node, types[0].length)
    return (Window(stride=taken.step, pad=-taken.start),)


def _step_alone(node: Node) -> Node:
    """The slice as it runs on a window that reaches from the first to the last position taken."""
    return node.with_attributes(start=None, stop=None)


def _slice_channels(node: Node, types: Types, roles: Roles) -> Types:
    shape = types[0].shape
    return (types[0].with_shape(*shape[:-1], len(positions(node, types[0].channels))),)


def _upsample(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_length(types[0].length * node.count("factor")),)


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
    before, after = types[0].length, node.type.length
    if min(types[0].rank, node.type.rank) >= 3:
        if before == after:
            return (POINTWISE,)
        if after % before == 0:
            return (Window(factor=after // before),)
        if before % after == 0 and after > 1:
            return (Window(width=before // after, stride=before // after),)
    return (Whole("changes the sequence axis"),)


def axes_order(node: Node) -> tuple[int, ...]:
    """The axes of a permute's input in the order of its result's, the batch axis (0) first."""
    order = node["order"]
    assert isinstance(order, tuple)
    return (0, *(axis for axis in order if isinstance(axis, int)))


def _permute(node: Node, types: Types, roles: Roles) -> Types:
    order = axes_order(node)
    if sorted(order) != list(range(types[0].rank)):
        raise ValueError(f"{order} is no order of the axes of {types[0]}")
    return (types[0].with_shape(*(types[0].shape[axis] for axis in order)),)


def _permute_relation(node: Node, types: Types) -> tuple[Relation, ...]:
    return (POINTWISE,) if axes_order(node)[1] == 1 else (Whole("moves the sequence axis"),)


_ENDS = {"left": 0, "right": 0}
register(
    OpDefinition(
        "crop",
        _crop,
        summary="all positions but `left` and `right` at the ends",
        attributes=_ENDS,
        relation=lambda node, types: (Window(pad=-node.integer("left")),),
        linear=True,
        moves=True,
        in_order=True,
        monotone=True,
        light=True,
    )
)
_SLICE: dict[str, Attribute] = {"start": None, "stop": None, "step": 1}
register(
    OpDefinition(
        "slice",
        _slice,
        summary="the positions `[start:stop:step]`, as Python counts",
        attributes=_SLICE,
        relation=_slice_relation,
        linear=True,
        pull=_step_alone,
        moves=True,
        monotone=True,
        light=True,
    )
)
register(
    OpDefinition(
        "slice_channels",
        _slice_channels,
        summary="the channels `[start:stop:step]`",
        attributes=_SLICE,
        relation=over_channels,
        linear=True,
        pull=unchanged,
        moves=True,
        along_channels=True,
        monotone=True,
        light=True,
    )
)
register(
    OpDefinition(
        "zero_pad",
        _pad,
        summary="`left` and `right` zeros at the ends",
        attributes=_ENDS,
        relation=lambda node, types: (Window(pad=node.integer("left")),),
        linear=True,
        moves=True,
        in_order=True,
        monotone=True,
        light=True,
    )
)
register(
    OpDefinition(
        "upsample",
        _upsample,
        summary="every position `factor` times",
        attributes={"factor": REQUIRED},
        relation=lambda node, types: (Window(factor=node.integer("factor")),),
        linear=True,
        moves=True,
        in_order=True,
        monotone=True,
        light=True,
    )
)
register(
    OpDefinition(
        "flatten",
        _flatten,
        summary="positions and channels as one axis, (N, L C)",
        relation=lambda node, types: (Whole("gives every position a weight of its own"),),
        linear=True,
        moves=True,
        in_order=True,
        monotone=True,
        light=True,
    )
)
register(
    OpDefinition(
        "reshape",
        _reshape,
        summary="the same numbers, in order, in another shape",
        attributes={"shape": REQUIRED},
        relation=_reshape_relation,
        linear=True,
        moves=True,
        in_order=True,
        monotone=True,
        light=True,
    )
)
register(
    OpDefinition(
        "permute",
        _permute,
        summary="the axes in another order",
        attributes={"order": REQUIRED},
        relation=_permute_relation,
        linear=True,
        pull=unchanged,
        moves=True,
        light=True,
    )
)
