"""Numpy forms of the ops that move positions or change the shape."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node
from fastism.ir.ops.shape import target_shape


@implements("crop")
def crop(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Drop ``left`` positions in front and ``right`` behind."""
    (x,) = inputs
    return x[:, node.integer("left") : x.shape[1] - node.integer("right")]


@implements("zero_pad")
def zero_pad(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Put ``left`` zero positions in front and ``right`` behind."""
    return np.pad(inputs[0], ((0, 0), (node.integer("left"), node.integer("right")), (0, 0)))


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
