"""Numpy forms of the pools. Positions outside the input count for nothing in any of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fastism.backends.reference.convolution import taps
from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node


@implements("max_pool")
def max_pool(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The largest input of each window."""
    largest: Array = np.max(taps(node, inputs[0], -math.inf), axis=0)
    return largest


@implements("average_pool")
def average_pool(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The mean over the inputs of each window that exist."""
    (x,) = inputs
    total: Array = np.sum(taps(node, x, 0), axis=0)
    count: Array = np.sum(taps(node, np.ones_like(x), 0), axis=0)
    return total / count


GLOBAL: dict[str, Callable[..., Array]] = {
    "global_average_pool": np.mean,
    "global_sum_pool": np.sum,
    "global_max_pool": np.max,
}
"""Reductions over every position."""


def _global(reduce: Callable[..., Array]) -> Callable[..., Array]:
    def implementation(
        node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
    ) -> Array:
        return reduce(inputs[0], axis=1, keepdims=node["keepdims"])

    return implementation


for _op, _reduce in GLOBAL.items():
    implements(_op)(_global(_reduce))


@implements("softmax_pool")
def softmax_pool(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[b] = sum over p of softmax(scores[b])[p] * values[b, p]``."""
    scores, values = inputs
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    total: Array = (weights * values).sum(axis=1) / weights.sum(axis=1)
    return total
