"""Convolution and dense layers."""

from __future__ import annotations

from fastism.errors import did_you_mean
from fastism.ir.graph import Attribute, Node
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
from fastism.ir.windows import POINTWISE, Relation, Whole, Window


def padding(node: Node, length: int) -> tuple[int, int]:
    """Positions a windowed op pads left and right of ``length`` inputs.

    ``pad`` is valid, same, causal or a (left, right) pair; same follows TensorFlow: as many
    outputs as ``ceil(length / stride)``, the odd position on the right.
    """
    pad = node["pad"]
    if isinstance(pad, tuple):
        left, right = pad
        if not isinstance(left, int) or not isinstance(right, int) or min(left, right) < 0:
            raise ValueError(f"pad={pad} is no pair of counts")
        return left, right
    reach = (window_width(node) - 1) * node.integer("dilation", 1) + 1
    if pad == "valid":
        return 0, 0
    if pad == "causal":
        return reach - 1, 0
    if pad == "same":
        stride = node.integer("stride", 1)
        total = max((-(-length // stride) - 1) * stride + reach - length, 0)
        return total // 2, total - total // 2
    near = did_you_mean(str(pad), ("valid", "same", "causal"))
    known = near or "known: valid, same, causal, (left, right)"
    raise ValueError(f"unknown padding {pad!r}; {known}")


def window_width(node: Node) -> int:
    """Taps of a convolution's kernel, or positions of a pool."""
    return node.count("width" if "width" in node.attributes else "size")


def window(node: Node, length: int) -> Window:
    """The window relation of a convolution or pool over ``length`` inputs."""
    return Window(
        window_width(node),
        node.count("stride"),
        node.count("dilation"),
        padding(node, length)[0],
    )


def windowed(node: Node, types: Types) -> tuple[Relation, ...]:
    """The relation of an op with width, stride, dilation and padding."""
    return (window(node, types[0].length),)


def output_length(node: Node, length: int) -> int:
    """Outputs over ``length`` inputs. Raises ValueError if there is none."""
    relation = window(node, length)
    result = (length + sum(padding(node, length)) - relation.reach) // relation.stride + 1
    if result < 1:
        raise ValueError(f"needs at least {relation.reach} positions, and the input has {length}")
    return result


def without_padding(node: Node) -> Node:
    """The node as it runs on a window that already holds its flanks."""
    return node.with_attributes(pad="valid")


def _conv1d(node: Node, types: Types, roles: Roles) -> Types:
    (source,), kernel = types, roles["kernel"]
    width, channels, filters = (int(dim) for dim in kernel.shape)
    if width != node["width"]:
        raise ValueError(f"kernel has {width} taps, the node says {node['width']}")
    if source.rank != 3 or source.channels != channels * node.count("groups"):
        raise ValueError(f"kernel {kernel} does not fit the input {source}")
    length = output_length(node, source.length)
    return (source.with_shape(source.shape[0], length, filters),)


def _conv1d_macs(node: Node, types: Types) -> int:
    return node.type.elements * node.integer("width") * types[0].channels // node.integer("groups")


def _conv1d_kernel(node: Node, types: Types) -> tuple[int, int]:
    rows, columns = by_channels(node, types)
    groups = node.integer("groups")
    return rows // groups * node.integer("width"), columns // groups


def _dense(node: Node, types: Types, roles: Roles) -> Types:
    (source,), kernel = types, roles["kernel"]
    if source.rank < 2 or source.shape[-1] != kernel.shape[0]:
        raise ValueError(f"kernel {kernel} does not fit the input {source}")
    return (TensorType(source.dtype, (*source.shape[:-1], kernel.shape[1])),)


def _dense_relation(node: Node, types: Types) -> tuple[Relation, ...]:
    return (POINTWISE,) if types[0].rank >= 3 else (Whole("mixes all its inputs"),)


_CONV1D: dict[str, Attribute] = {"width": REQUIRED, "stride": 1, "dilation": 1, "groups": 1}
register(
    OpDefinition(
        "conv1d",
        _conv1d,
        summary="a convolution along the positions, `width` taps `dilation` apart",
        attributes={**_CONV1D, "pad": "valid", "activation": "linear"},
        roles=("kernel", "bias"),
        required=("kernel",),
        relation=windowed,
        linear=True,
        pull=without_padding,
        monotone=True,
        size="own",
        factors=(),
        products=Products(_conv1d_macs, _conv1d_kernel),
    )
)
register(
    OpDefinition(
        "dense",
        _dense,
        summary="the last axis times a matrix, at every position; `(N, C)` alone once canonical",
        attributes={"activation": "linear"},
        roles=("kernel", "bias"),
        required=("kernel",),
        relation=_dense_relation,
        linear=True,
        along_channels=True,
        monotone=True,
        size="own",
        factors=(),
        products=Products(lambda node, types: node.type.elements * types[0].channels),
    )
)
