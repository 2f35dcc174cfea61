"""Masks and token numbers."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node
from fastism.ir.types import NUMPY_DTYPES


def _counts(x: Tensor, node: Node) -> Tensor:
    value = tf.constant(node.number("value"), x.dtype)
    return tf.reduce_any(tf.not_equal(x, value), axis=-1, keepdims=True)


@emits("mask")
def mask(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """1 where any channel differs from ``value``."""
    return tf.cast(_counts(inputs[0], node), tf.float32)


@emits("masked")
def masked(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x where any channel differs from ``value``, 0 elsewhere."""
    x = inputs[0]
    return tf.where(_counts(x, node), x, tf.zeros_like(x))


@emits("token")
def token(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The first of the largest channels."""
    return tf.cast(tf.argmax(inputs[0], axis=-1), NUMPY_DTYPES[str(node["dtype"])])
