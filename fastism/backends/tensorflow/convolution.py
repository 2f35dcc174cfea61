"""Convolution and dense layers, whole and on deltas.

A dilated convolution is an ordinary one over the same memory viewed as (length / dilation,
dilation): no copy, no space-to-batch. The delta of a convolution is a transposed convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node
from fastism.ir.ops.convolution import padding

Array = npt.NDArray[Any]

FEW = 8
"""Filters up to which a wide kernel is applied to several positions at a time."""
COLUMNS = 32
"""Columns that the matrix product of such a kernel has (measured: 16 to 64 do alike)."""


@emits("dense")
def dense(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x @ kernel + bias over the last axis."""
    result = product(inputs[0], constants.tensor("kernel"))
    return tf.nn.bias_add(result, constants.tensor("bias")) if "bias" in constants else result


def product(x: Tensor, matrix: Tensor) -> Tensor:
    """x @ matrix over the last axis: one matrix product, however many axes x has."""
    if x.shape.rank == 2:
        return tf.matmul(x, matrix)
    *inner, last = (int(extent) for extent in x.shape[1:])
    rows = tf.matmul(tf.reshape(x, [-1, last]), matrix)
    return tf.reshape(rows, [-1, *inner, int(matrix.shape[1])])


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


def _group(kernel: Array, groups: int, index: int) -> Array:
    filters = kernel.shape[2] // groups
    return kernel[:, :, index * filters : (index + 1) * filters]


def _correlate(node: Node, x: Tensor, constants: Constants, group: int) -> Tensor:
    """One group, already padded."""
    groups, width = node.integer("groups"), node.integer("width")
    stride, dilation = node.integer("stride"), node.integer("dilation")
    if width == 1 and stride == 1:
        form, matrix = f"matrix {group}", lambda k: _group(k, groups, group)[0]
        return product(x, constants.prepared("kernel", form, matrix))
    kernel = constants.prepared("kernel", f"group {group}", lambda k: _group(k, groups, group))
    filters = int(kernel.shape[2])
    if dilation == 1 and stride == 1 and filters <= FEW and width >= FEW:
        return _blocked(x, constants, group, groups, width, filters)
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


def _blocked(
    x: Tensor, constants: Constants, group: int, groups: int, width: int, filters: int
) -> Tensor:
    """A convolution with few filters, several positions at a time.

    A matrix product with 2 columns runs at a tenth of the peak. One stride of ``block`` positions
    whose kernel holds ``block`` shifted copies has enough columns, for a third more products.
    """
    block = COLUMNS // filters

    def shifted_copies(kernel: Array) -> Array:
        kernel = _group(kernel, groups, group)
        copies = np.zeros((block + width - 1, kernel.shape[1], block, filters), kernel.dtype)
        for offset in range(block):
            copies[offset : offset + width, :, offset] = kernel
        return copies.reshape(block + width - 1, kernel.shape[1], block * filters)

    kernel = constants.prepared("kernel", f"blocked {group}", shifted_copies)
    length = int(x.shape[1]) - width + 1
    x = tf.pad(x, [[0, 0], [0, -length % block], [0, 0]])
    result = tf.nn.conv1d(x, kernel, block, "VALID")
    return tf.reshape(result, [-1, result.shape[1] * block, filters])[:, :length]


@emits("conv1d_spread")
def conv1d_spread(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """natural[q] = sum over k of delta[q - (width - 1 - k) * dilation] @ kernel[k]."""
    groups = node.integer("groups")
    pieces = tf.split(inputs[0], groups, axis=2) if groups > 1 else [inputs[0]]
    results = [_spread(node, piece, constants, g) for g, piece in enumerate(pieces)]
    return tf.concat(results, axis=2) if groups > 1 else results[0]


def _spread(node: Node, delta: Tensor, constants: Constants, group: int) -> Tensor:
    groups, taps = node.integer("groups"), node.integer("width")
    dilation, width = node.integer("dilation"), int(delta.shape[1])
    filters = node.type.channels // groups
    if width <= dilation or width == 1:
        return _spread_apart(node, delta, constants, group)
    if dilation == 1 and filters <= FEW <= taps <= width:
        padded = tf.pad(delta, [[0, 0], [taps - 1, taps - 1], [0, 0]])
        return _blocked(padded, constants, group, groups, taps, filters)

    def flipped(kernel: Array) -> Array:
        return _group(kernel, groups, group)[::-1].transpose(0, 2, 1)

    kernel = constants.prepared("kernel", f"flipped {group}", flipped)
    if dilation == 1:
        shape = [tf.shape(delta)[0], width + taps - 1, filters]
        return tf.nn.conv1d_transpose(delta, kernel, shape, 1, "VALID")
    extra = -width % dilation
    if extra:
        delta = tf.pad(delta, [[0, 0], [0, extra], [0, 0]])
    rows, channels = (width + extra) // dilation, int(delta.shape[2])
    view = tf.reshape(delta, [-1, rows, dilation, channels])
    shape = [tf.shape(view)[0], rows + taps - 1, dilation, filters]
    natural = tf.nn.conv2d_transpose(view, kernel[:, None], shape, 1, "VALID")
    natural = tf.reshape(natural, [-1, (rows + taps - 1) * dilation, filters])
    return natural[:, : width + (taps - 1) * dilation] if extra else natural


def _spread_apart(node: Node, delta: Tensor, constants: Constants, group: int) -> Tensor:
    """Taps that do not overlap: one product for all, set ``dilation`` apart."""
    groups, taps = node.integer("groups"), node.integer("width")
    dilation, width = node.integer("dilation"), int(delta.shape[1])
    filters = node.type.channels // groups

    def by_input(kernel: Array) -> Array:
        turned = _group(kernel, groups, group)[::-1].transpose(1, 0, 2)
        return turned.reshape(turned.shape[0], -1)

    kernel = constants.prepared("kernel", f"by input {group}", by_input)
    if width == 1 and dilation == 1:
        return tf.reshape(tf.matmul(delta[:, 0], kernel), [-1, taps, filters])
    apart = tf.reshape(product(delta, kernel), [-1, width, taps, filters])
    apart = tf.transpose(apart, [0, 2, 1, 3])
    apart = tf.pad(apart, [[0, 0], [0, 0], [0, dilation - width], [0, 0]])
    apart = tf.reshape(apart, [-1, taps * dilation, filters])
    return apart[:, : width + (taps - 1) * dilation]
