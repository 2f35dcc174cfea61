"""Reductions over the channels, and sorts of them."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node


@emits("channel_sum")
def channel_sum(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The sum over the last axis, which stays with one entry."""
    return tf.reduce_sum(inputs[0], axis=-1, keepdims=True)


@emits("channel_max")
def channel_max(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The maximum over the last axis, which stays with one entry."""
    return tf.reduce_max(inputs[0], axis=-1, keepdims=True)


@emits("channel_sort")
def channel_sort(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The channels of every position, the smallest first."""
    return tf.sort(inputs[0], axis=-1)
