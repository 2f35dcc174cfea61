"""Pools over windows, and pools over the whole length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from fastism.backends.tensorflow.moves import reshaped, rows_of
from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node


def _pool(
    node: Node,
    x: Tensor,
    constants: Constants,
    pool: Callable[..., Tensor],
    reduce: Callable[..., Tensor],
) -> Tensor:
    size, stride, pad = node.integer("size"), node.integer("stride"), str(node["pad"])
    length, channels = int(x.shape[1]), int(x.shape[2])
    if size == stride and (pad == "valid" or length % size == 0):
        kept = length // size
        whole = rows_of(x, 0, kept * size, constants)
        return reduce(reshaped(whole, constants, -1, kept, size, channels), axis=2)
    return pool(x, size, stride, pad.upper())


@emits("max_pool")
def max_pool(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The largest of each window; padding never wins."""
    return _pool(node, inputs[0], constants, tf.nn.max_pool1d, tf.reduce_max)


@emits("average_pool")
def average_pool(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The mean of each window, over the positions inside the input."""
    return _pool(node, inputs[0], constants, tf.nn.avg_pool1d, tf.reduce_mean)


def _global(name: str, reduce: Callable[..., Tensor]) -> None:
    @emits(name)
    def whole(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
        return reduce(inputs[0], axis=1, keepdims=bool(node["keepdims"]))


_global("global_average_pool", tf.reduce_mean)
_global("global_sum_pool", tf.reduce_sum)
_global("global_max_pool", tf.reduce_max)


@emits("softmax_pool")
def softmax_pool(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The mean of all positions, weighed by the softmax of their scores."""
    scores, values = inputs
    weights = tf.exp(scores - tf.reduce_max(scores, axis=1, keepdims=True))
    return tf.reduce_sum(weights * values, axis=1) / tf.reduce_sum(weights, axis=1)
