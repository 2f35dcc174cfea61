"""Convolution and dense layers; `spread` has what convolutions make of deltas.

A dilated convolution is an ordinary one over the same memory viewed as (length / dilation,
dilation): no copy, no space-to-batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from fastism.backends.tensorflow.kernels import FEW, blocked, of_group, product
from fastism.backends.tensorflow.moves import padded, reshaped, rows_of
from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node
from fastism.ir.ops.convolution import padding


@emits("dense")
def dense(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x @ kernel + bias over the last axis."""
    result = product(inputs[0], constants.tensor("kernel"), constants)
    return tf.nn.bias_add(result, constants.tensor("bias")) if "bias" in constants else result


@emits("conv1d")
def conv1d(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Correlation along the length with stride, dilation, groups and padding."""
    x, groups, dilation = inputs[0], node.integer("groups"), _dilation(node)
    left, right = padding(node, int(x.shape[1]))
    length = int(x.shape[1]) + left + right
    x = padded(x, left, right + -length % dilation, constants)
    pieces = tf.split(x, groups, axis=2) if groups > 1 else [x]
    results = [_correlate(node, piece, length, constants, g) for g, piece in enumerate(pieces)]
    result = tf.concat(results, axis=2) if groups > 1 else results[0]
    return tf.nn.bias_add(result, constants.tensor("bias")) if "bias" in constants else result


def _dilation(node: Node) -> int:
    """Rows from what one tap reads to what the next does; 1 of a single tap."""
    return node.integer("dilation") if node.integer("width") > 1 else 1


def _correlate(node: Node, x: Tensor, length: int, constants: Constants, group: int) -> Tensor:
    """One group of so many rows, padded, and filled up to a multiple of the dilation."""
    groups, width = node.integer("groups"), node.integer("width")
    stride, dilation = node.integer("stride"), _dilation(node)
    if width == 1 and stride == 1:
        form, matrix = f"matrix {group}", lambda k: of_group(k, groups, group)[0]
        return product(x, constants.prepared("kernel", form, matrix), constants)
    kernel = constants.prepared("kernel", f"group {group}", lambda k: of_group(k, groups, group))
    filters = int(kernel.shape[2])
    if dilation == 1 and stride == 1 and filters <= FEW and width >= FEW:
        return blocked(x, constants, group, groups, width, filters)
    if dilation == 1:
        return tf.nn.conv1d(x, kernel, stride, "VALID")
    whole, channels = int(x.shape[1]), int(x.shape[2])
    view = reshaped(x, constants, -1, whole // dilation, dilation, channels)
    form = f"group {group} of rows apart"
    kernel = constants.prepared("kernel", form, lambda k: of_group(k, groups, group)[:, None])
    result = tf.nn.conv2d(view, kernel, 1, "VALID")
    rows = whole // dilation - width + 1
    result = reshaped(result, constants, -1, rows * dilation, filters)
    made = length - (width - 1) * dilation
    return rows_of(result, 0, made, constants) if stride == 1 else result[:, :made:stride]
