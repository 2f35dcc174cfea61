"""Crop, pad, upsample, flatten, reshape."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from fastism.backends.tensorflow.moves import padded, reshaped, rows_of
from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node
from fastism.ir.ops.shape import axes_order, slice_of


@emits("crop")
def crop(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Positions from both ends taken away."""
    return rows_of(inputs[0], node.integer("left"), node.type.length, constants)


@emits("slice")
def slice_positions(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Some positions, in steps or backwards."""
    return inputs[0][:, slice_of(node)]


@emits("slice_channels")
def slice_channels(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Some channels, in steps or backwards."""
    return inputs[0][..., slice_of(node)]


@emits("zero_pad")
def zero_pad(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Zeros put at both ends."""
    return padded(inputs[0], node.integer("left"), node.integer("right"), constants)


@emits("upsample")
def upsample(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Each position repeated."""
    return tf.repeat(inputs[0], node.integer("factor"), axis=1)


def _reshape(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    return reshaped(inputs[0], constants, -1, *(int(dim) for dim in node.type.shape[1:]))


emits("flatten")(_reshape)
emits("reshape")(_reshape)


@emits("permute")
def permute(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The axes in another order."""
    return tf.transpose(inputs[0], axes_order(node))
