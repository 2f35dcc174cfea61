"""Numpy forms of the ops over channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node


@implements("channel_sum")
def channel_sum(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The sum over the last axis, which stays with one entry."""
    total: Array = np.sum(inputs[0], axis=-1, keepdims=True)
    return total


@implements("channel_max")
def channel_max(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The maximum over the last axis, which stays with one entry."""
    largest: Array = np.max(inputs[0], axis=-1, keepdims=True)
    return largest


@implements("channel_sort")
def channel_sort(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The channels of every position, the smallest first."""
    return np.sort(inputs[0], axis=-1)
