"""Rows cut off, put on and laid out otherwise, by few ops.

Most of what tracing takes is the number of ops, and the constants that say how are the same for
many nodes.
"""

from __future__ import annotations

from typing import TypeAlias

import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor

Numbers: TypeAlias = tuple[int | tuple[int, ...], ...]


def numbers(constants: Constants, values: Numbers) -> Tensor:
    """Whole numbers as a tensor, one of which serves all nodes of a graph."""
    return constants.once(("numbers", values), lambda: tf.constant(values, tf.int32))


def reshaped(x: Tensor, constants: Constants, *shape: int) -> Tensor:
    """The same entries in another shape."""
    return tf.reshape(x, numbers(constants, shape))


def padded(x: Tensor, left: int, right: int, constants: Constants) -> Tensor:
    """So many rows of zeros put at both ends."""
    if not left and not right:
        return x
    ends = ((0, 0), (left, right), *(((0, 0),) * (x.shape.rank - 2)))
    return tf.pad(x, numbers(constants, ends))


def rows_of(x: Tensor, first: int, count: int, constants: Constants) -> Tensor:
    """The rows from the first on, so many."""
    if (first, count) == (0, int(x.shape[1])):
        return x
    rest = x.shape.rank - 2
    begin, size = (0, first, *([0] * rest)), (-1, count, *([-1] * rest))
    return tf.slice(x, numbers(constants, begin), numbers(constants, size))
