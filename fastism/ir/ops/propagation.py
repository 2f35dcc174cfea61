"""Ops of the split stage: windows of the reference, deltas, and how they meet.

Batch axes: N sequences, P (sequence, site) pairs, M = P * A items, alternatives fastest. A table is
an i32 constant with one entry a site; `site` and `sequence` give each pair its row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastism.ir.graph import Node
from fastism.ir.ops.pooling import weighs
from fastism.ir.ops.registry import (
    REQUIRED,
    OpDefinition,
    Products,
    Roles,
    Types,
    by_channels,
    register,
)
from fastism.ir.types import TensorType


def _window(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_batch("P").with_length(node.count("width")),)


def _gather_reference(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_batch("P"),)


def _resized(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_length(node.count("width")),)


def _first(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0],)


def _expand(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_batch("M"),)


def _zero_window(node: Node, types: Types, roles: Roles) -> Types:
    like = types[0]
    return (TensorType(like.dtype, ("M", node.count("width"), node.count("channels"))),)


def _spread(node: Node, types: Types, roles: Roles) -> Types:
    source, kernel = types[0], roles["kernel"]
    length = source.length + (node.count("width") - 1) * node.count("dilation")
    return (source.with_shape(source.shape[0], length, kernel.shape[2]),)


def _spread_macs(node: Node, types: Types) -> int:
    source, groups = types[0], node.integer("groups")
    return source.elements * node.count("width") * node.type.channels // groups


def _spread_kernel(node: Node, types: Types) -> tuple[int, int]:
    """One product for all taps, whose results are added up."""
    rows, columns = by_channels(node, types)
    groups = node.integer("groups")
    return rows // groups, columns // groups * node.integer("width")


def _rows(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_shape(types[0].shape[0], roles["kernel"].shape[1]),)


def _sum(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_shape(types[0].shape[0], types[0].channels),)


def _by_channel(node: Node, types: Types, roles: Roles) -> Types:
    source, kernel = types[0], roles["kernel"]
    if source.elements != kernel.shape[0]:
        raise ValueError(f"kernel {kernel} does not fit the input {source}")
    return (source.with_shape(source.shape[0], source.channels, kernel.shape[1]),)


def _weighed(node: Node, types: Types, roles: Roles) -> Types:
    vector, reference = types
    if vector.shape[1:] != reference.shape[1:2]:
        raise ValueError(f"{vector} does not weigh the rows of {reference}")
    return (vector.with_shape(vector.shape[0], reference.shape[2]),)


def _running(node: Node, types: Types, roles: Roles) -> Types:
    return (types[0].with_length(types[0].length + 1),)


def _running_softmax(node: Node, types: Types, roles: Roles) -> Types:
    scores, values = types
    weighs(scores, values)
    return (values.with_length(values.length + 1),)


def _propagation(
    name: str, infer: Callable[[Node, Types, Roles], Types], arity: int, **fields: Any
) -> None:
    """An op is light unless it has products, or says otherwise."""
    fields = {"light": "products" not in fields, **fields}
    register(OpDefinition(name, infer, arity, stages="propagation", **fields))


# By itself, not light: the number of sequences varies from call to call.
_propagation(
    "window",
    _window,
    3,
    summary="(reference N, sequence P, site P): positions `[start, start + width)` of each pair's "
    "sequence; `fill` outside the input",
    light=False,
    attributes={"width": REQUIRED, "fill": 0.0},
    roles=("start",),
    required=("start",),
)
_propagation(
    "gather_reference",
    _gather_reference,
    2,
    summary="(reference N, sequence P): each pair's sequence, whole",
    light=False,
)
_propagation(
    "place",
    _resized,
    2,
    summary="(delta M, site P): result `j` is delta `j + shift`; zero outside the delta, and where "
    "`start + j` is outside `[0, length)`",
    attributes={"width": REQUIRED, "length": REQUIRED},
    roles=("shift", "start"),
    required=("shift", "start"),
)
_propagation(
    "pick",
    _resized,
    1,
    summary="(delta M): `place` where every site agrees and nothing lies outside",
    attributes={"offset": REQUIRED, "width": REQUIRED},
)
_propagation(
    "add_reference", _first, 2, summary="(delta M, reference P): the mutated value, their sum"
)
_propagation("subtract_reference", _first, 2, summary="(mutated value M, reference P): its delta")
_propagation("expand", _expand, 2, summary="(reference P, like M): one copy an alternative")
_propagation(
    "zero_window",
    _zero_window,
    1,
    summary="(like M): the delta of a value the edit does not reach",
    attributes={"width": REQUIRED, "channels": REQUIRED},
)
_propagation(
    "mask_outside",
    _first,
    2,
    summary="(mutated value M, site P): `fill` where `start + j` is outside `[0, length)`",
    attributes={"length": REQUIRED, "fill": REQUIRED},
    roles=("start",),
    required=("start",),
)
_propagation(
    "scale_positions",
    _first,
    2,
    summary="(delta M, site P): position `j` times factor `start + j`, outside of which it is 1",
    roles=("factor", "start"),
    required=("factor", "start"),
)
_propagation(
    "conv1d_spread",
    _spread,
    1,
    summary="(delta M): every output of a convolution the delta reaches; no bias, no padding",
    attributes={"width": REQUIRED, "dilation": 1, "groups": 1},
    roles=("kernel",),
    required=("kernel",),
    products=Products(_spread_macs, _spread_kernel),
)
_propagation(
    "dense_rows",
    _rows,
    2,
    summary="(delta M, site P): flatten and dense, by the kernel rows of the window, which starts "
    "at one position for all pairs of a call",
    attributes={"length": REQUIRED},
    roles=("kernel", "start"),
    required=("kernel", "start"),
    products=Products(
        lambda node, types: types[0].elements * node.type.channels,
        lambda node, types: (types[0].elements, node.type.channels),
    ),
    together=("start",),
)
_propagation(
    "sum_window",
    _sum,
    1,
    summary="(delta M): the delta of a global sum or average: `scale` times its sum",
    attributes={"scale": 1.0},
)
_propagation(
    "weigh_reference",
    _weighed,
    2,
    summary="(vector M, reference P): the sum of the reference's rows, each times its entry of the "
    "vector",
    products=Products(
        lambda node, types: types[1].elements,
        lambda node, types: (types[1].length, types[1].channels),
    ),
)
register(
    OpDefinition(
        "dense_by_channel",
        _by_channel,
        summary="(value N): flatten and dense, before the channels are added up: (N, C, units)",
        roles=("kernel",),
        required=("kernel",),
        stages="intout",
        products=Products(lambda node, types: types[0].elements * node.type.channels),
    )
)
for _name, _arity, _infer, _summary in (
    ("running_max", 1, _running, "(value N): the largest; -inf of none"),
    (
        "running_logsumexp",
        1,
        _running,
        "(scores N): the logarithm of the sum of `exp(x - the largest of all)`; -inf of none",
    ),
    (
        "running_softmax_pool",
        2,
        _running_softmax,
        "(scores, values N): `softmax_pool`; 0 of none",
    ),
):
    register(
        OpDefinition(
            _name,
            _infer,
            _arity,
            attributes={"reverse": False},
            summary=f"{_summary}: result `i` is that of the positions before `i`, or from `i` on "
            "if `reverse`",
            stages="intout",
        )
    )
