"""Numpy forms of the ops that move positions or change the shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node
from fastism.ir.ops.shape import axes_order, slice_of, target_shape


@implements("crop")
def crop(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Drop ``left`` positions in front and ``right`` behind."""
    (x,) = inputs
    return x[:, node.integer("left") : x.shape[1] - node.integer("right")]


@implements("slice")
def slice_positions(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Every ``step``-th position from ``start`` to ``stop``, backwards where it is negative."""
    return inputs[0][:, slice_of(node)]


@implements("slice_channels")
def slice_channels(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The same of the last axis."""
    return inputs[0][..., slice_of(node)]


@implements("zero_pad")
def zero_pad(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Put ``left`` zero positions in front and ``right`` behind."""
    rest = [(0, 0)] * (inputs[0].ndim - 2)
    return np.pad(inputs[0], ((0, 0), (node.integer("left"), node.integer("right")), *rest))


@implements("upsample")
def upsample(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Each position ``factor`` times in a row."""
    return np.repeat(inputs[0], node.integer("factor"), axis=1)


@implements("flatten")
def flatten(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Everything but the batch axis in one, channels fastest."""
    (x,) = inputs
    return x.reshape(len(x), math.prod(x.shape[1:]))


@implements("reshape")
def reshape(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The same elements in another shape, the batch axis kept."""
    (x,) = inputs
    return x.reshape(len(x), *target_shape(node, math.prod(x.shape[1:])))


@implements("permute")
def permute(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The same elements, their axes in another order."""
    return inputs[0].transpose(axes_order(node))
