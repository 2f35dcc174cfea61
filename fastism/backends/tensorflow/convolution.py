"""Convolution and dense layers; `spread` has what convolutions make of deltas.

A dilated convolution is an ordinary one over the same memory viewed as (length / dilation,
dilation): no copy, no space-to-batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from fastism.backends.tensorflow.kernels import FEW, blocked, of_group, product
from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node
from fastism.ir.ops.convolution import padding


@emits("dense")
def dense(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x @ kernel + bias over the last axis."""
    result = product(inputs[0], constants.tensor("kernel"))
    return tf.nn.bias_add(result, constants.tensor("bias")) if "bias" in constants else result


@emits("conv1d")
def conv1d(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Correlation along the length with stride, dilation, groups and padding."""
    x = inputs[0]
    left, right = padding(node, int(x.shape[1]))
    if left or right:
        x = tf.pad(x, [[0, 0], [left, right], [0, 0]])
    groups = node.integer("groups")
    pieces = tf.split(x, groups, axis=2) if groups > 1 else [x]
    results = [_correlate(node, piece, constants, g) for g, piece in enumerate(pieces)]
    result = tf.concat(results, axis=2) if groups > 1 else results[0]
    return tf.nn.bias_add(result, constants.tensor("bias")) if "bias" in constants else result


def _correlate(node: Node, x: Tensor, constants: Constants, group: int) -> Tensor:
    """One group, already padded."""
    groups, width = node.integer("groups"), node.integer("width")
    stride, dilation = node.integer("stride"), node.integer("dilation")
    if width == 1 and stride == 1:
        form, matrix = f"matrix {group}", lambda k: of_group(k, groups, group)[0]
        return product(x, constants.prepared("kernel", form, matrix))
    kernel = constants.prepared("kernel", f"group {group}", lambda k: of_group(k, groups, group))
    filters = int(kernel.shape[2])
    if dilation == 1 and stride == 1 and filters <= FEW and width >= FEW:
        return blocked(x, constants, group, groups, width, filters)
    if dilation == 1:
        return tf.nn.conv1d(x, kernel, stride, "VALID")
    length, channels = int(x.shape[1]), int(x.shape[2])
    extra = -length % dilation
    if extra:
        x = tf.pad(x, [[0, 0], [0, extra], [0, 0]])
    view = tf.reshape(x, [-1, (length + extra) // dilation, dilation, channels])
    result = tf.nn.conv2d(view, kernel[:, None], 1, "VALID")
    rows = (length + extra) // dilation - width + 1
    result = tf.reshape(result, [-1, rows * dilation, result.shape[-1]])
    return result[:, : length - (width - 1) * dilation : stride]
