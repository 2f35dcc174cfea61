"""Which nodes have a native form, and what kind it is."""

from __future__ import annotations

from typing import Final

from fastism.backends.native.along import ALONG
from fastism.backends.native.elements import ELEMENTS
from fastism.backends.native.rearranged import REARRANGED
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Module
from fastism.ir.types import TensorType
from fastism.passes.fuse import is_move, joins, takes_channels

PRODUCTS: Final = frozenset({"conv1d", "conv1d_spread", "dense", "dense_rows"})
POOLS: Final = {
    "max_pool": "max",
    "average_pool": "mean",
    "sum_window": "sum",
    "global_average_pool": "mean",
    "global_sum_pool": "sum",
    "global_max_pool": "max",
}
"""Pools by op, and what each does with the rows of a window."""
ROWS: Final = frozenset({"slice", "upsample"})
"""Ops that take rows from elsewhere, in another order or more than once."""
PLACES: Final = frozenset({"window", "gather_reference", "mask_outside"})
"""Ops that, beside moves of rows and channels, only say where to read, or whether."""


PLAIN: Final = frozenset({"flatten", "reshape"})
"""Ops that numpy does on arrays of all items with no work, or too little to call TensorFlow for."""


def is_product(graph: Graph, node: Node | None) -> bool:
    """Whether a node multiplies by a matrix a tap."""
    return node is not None and node.op in PRODUCTS and not is_depthwise(graph, node)


def is_pool(graph: Graph, node: Node | None) -> bool:
    """Whether a node makes one row of several, channel by channel, or of one that lies anywhere."""
    if node is None or is_move(graph, node):
        return False
    return node.op in POOLS or node.op in ROWS or is_depthwise(graph, node)


def is_along(node: Node | None) -> bool:
    """Whether a node goes along the channels of each row."""
    return node is not None and node.op in ALONG


def is_rearranged(graph: Graph, node: Node) -> bool:
    """Whether a node puts numbers in other places, so that entries are none of its input's."""
    return node.op in REARRANGED and not is_move(graph, node) and not takes_channels(graph, node)


def is_root(graph: Graph, node: Node) -> bool:
    """Whether a node reads more of its input than the entry that it makes."""
    local = is_product(graph, node) or is_pool(graph, node) or is_along(node)
    return local or is_rearranged(graph, node)


def is_depthwise(graph: Graph, node: Node) -> bool:
    """Whether a node is a convolution of every channel by itself: a weighted pool."""
    if node.op not in PRODUCTS:  # others may read, or make, a number a sequence, without channels
        return False
    read = graph.values[node.inputs[0]].type.channels
    return 1 < node.integer("groups", 1) == node.type.channels == read


def has_native_form(module: Module, graph: Graph, node: Node) -> bool:
    """Whether a node runs natively: f32 numbers, channels last, an op of one of the tables."""
    if len(node.results) != 1:
        return False
    known = node.op in PLACES or node.op in ELEMENTS or is_root(graph, node)
    moves = is_move(graph, node) or joins(node) or takes_channels(graph, node)
    if not (known or moves):
        return False
    types = [type for type in graph.types(node.inputs) if type.dtype != "i32"]
    if any(type.dtype != "f32" or type.rank not in (2, 3) for type in (*types, node.type)):
        return False
    if node.op in PRODUCTS:
        linear = node.attributes.get("activation", "linear") == "linear"
        return linear and (node.op != "dense" or node.type.rank == 2)
    if node.op in ELEMENTS:  # a constant of its own for every position has no form
        constants = module.constant_types(node).values()
        by_channel = all(_is_by_channel(type, node.type) for type in constants)
        return by_channel and all(_meets(type, node.type) for type in types)
    return True


def _is_by_channel(constant: TensorType, made: TensorType) -> bool:
    """Whether a constant has one number for all entries, or one a channel."""
    if constant.elements == 1:
        return True
    return constant.elements == constant.channels == made.channels


def _meets(read: TensorType, made: TensorType) -> bool:
    """Whether an element-wise op reads a value of that type, one of its axes spread maybe."""
    return read.rank == made.rank and all(
        extent in (1, wide) for extent, wide in zip(read.shape[1:], made.shape[1:], strict=True)
    )
