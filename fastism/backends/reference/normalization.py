"""Numpy forms of batch normalization and of layer normalization over channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node


def _normalized(
    node: Node, x: Array, mean: Array, variance: Array, constants: Mapping[str, Array]
) -> Array:
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta``."""
    y = (x - mean) / np.sqrt(variance + node.number("epsilon"))
    if "gamma" in constants:
        y = y * constants["gamma"]
    return y + constants["beta"] if "beta" in constants else y


@implements("batch_norm")
def batch_norm(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """By the moving mean and variance of each channel, as at prediction time."""
    (x,) = inputs
    return _normalized(node, x, constants["mean"], constants["variance"], constants)


@implements("layer_norm")
def layer_norm(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """By the mean and variance over the last axis."""
    (x,) = inputs
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return _normalized(node, x, mean, variance, constants)
