"""Layer normalization over channels. (Batch normalization is scale and shift once canonical.)"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node


@emits("layer_norm")
def layer_norm(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) over the last axis, times gamma, plus beta."""
    x = inputs[0]
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    x = (x - mean) * tf.math.rsqrt(variance + node.number("epsilon"))
    if "gamma" in constants:
        x = x * constants.tensor("gamma")
    return x + constants.tensor("beta") if "beta" in constants else x


@emits("batch_norm")
def batch_norm(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) a channel, times gamma, plus beta."""
    scale = tf.math.rsqrt(constants.tensor("variance") + node.number("epsilon"))
    if "gamma" in constants:
        scale = scale * constants.tensor("gamma")
    x = (inputs[0] - constants.tensor("mean")) * scale
    return x + constants.tensor("beta") if "beta" in constants else x
