"""Numpy forms of the ops over the rows of a sequence: masks and token numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node


def _counts(x: Array, node: Node) -> Array:
    return np.asarray(np.any(x != node.number("value"), axis=-1, keepdims=True))


@implements("mask")
def mask(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """1 where any channel differs from ``value``."""
    return _counts(inputs[0], node)


@implements("masked")
def masked(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``x`` where any channel differs from ``value``, 0 elsewhere."""
    (x,) = inputs
    return np.where(_counts(x, node), x, 0)


@implements("token")
def token(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """The first of the largest channels."""
    return np.asarray(np.argmax(inputs[0], axis=-1))
