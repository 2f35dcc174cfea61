"""What all positions before each one come to, and all behind it: once a sequence.

Doubling: each pass joins what covers so many positions with what covers as many before them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node


def _moved(x: Tensor, by: int, fill: float, *, reverse: bool) -> Tensor:
    """The value moved by some positions, ``fill`` moving in."""
    ends = [[0, 0], [0, by] if reverse else [by, 0], [0, 0]]
    padded = tf.pad(x, ends, constant_values=fill)
    return padded[:, by:] if reverse else padded[:, : x.shape[1]]


def _with_none(x: Tensor, fill: float, *, reverse: bool) -> Tensor:
    """One position more, in front or behind: what none come to."""
    return tf.pad(x, [[0, 0], [0, 1] if reverse else [1, 0], [0, 0]], constant_values=fill)


@emits("running_max")
def running_max(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Entry i: the maximum of the first i positions, or of all from i on if reversed."""
    x, reverse, shift = inputs[0], bool(node["reverse"]), 1
    lowest = x.dtype.min if x.dtype.is_integer else -np.inf
    while shift < int(x.shape[1]):
        x = tf.maximum(x, _moved(x, shift, lowest, reverse=reverse))
        shift *= 2
    return _with_none(x, lowest, reverse=reverse)


@emits("running_logsumexp")
def running_logsumexp(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Entry i: that of the first i positions, or of all from i on if reversed."""
    reverse = bool(node["reverse"])
    x = inputs[0] - tf.reduce_max(inputs[0], axis=1, keepdims=True)
    total, _ = _softmax_totals(x, tf.zeros_like(x), reverse=reverse)
    return _with_none(total, -np.inf, reverse=reverse)


@emits("running_softmax_pool")
def running_softmax_pool(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Entry i: the weighed mean of the first i positions, or of all from i on if reversed."""
    reverse = bool(node["reverse"])
    _, mean = _softmax_totals(*inputs, reverse=reverse)
    return _with_none(mean, 0.0, reverse=reverse)


def _softmax_totals(scores: Tensor, values: Tensor, *, reverse: bool) -> tuple[Tensor, Tensor]:
    """The logarithm of the summed weights up to each position, and the mean that they weigh."""
    shift = 1
    while shift < int(scores.shape[1]):
        before = _moved(scores, shift, -np.inf, reverse=reverse)
        largest = tf.maximum(scores, before)
        total = largest + tf.math.log(tf.exp(scores - largest) + tf.exp(before - largest))
        moved = _moved(values, shift, 0.0, reverse=reverse)
        values = tf.exp(scores - total) * values + tf.exp(before - total) * moved
        scores, shift = total, 2 * shift
    return scores, values
