"""Kernels that convolutions read: a group of one, and several positions of one with few filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.backends.tensorflow.moves import padded, reshaped, rows_of
from fastism.backends.tensorflow.registry import Constants, Tensor

Array = npt.NDArray[Any]

FEW = 8
"""Filters up to which a wide kernel is applied to several positions at a time."""
COLUMNS = 32
"""Columns that the matrix product of such a kernel has (measured: 16 to 64 do alike)."""


def product(x: Tensor, matrix: Tensor, constants: Constants) -> Tensor:
    """x @ matrix over the last axis: one matrix product, however many axes x has."""
    if x.shape.rank == 2:
        return tf.matmul(x, matrix)
    *inner, last = (int(extent) for extent in x.shape[1:])
    rows = tf.matmul(reshaped(x, constants, -1, last), matrix)
    return reshaped(rows, constants, -1, *inner, int(matrix.shape[1]))


def of_group(kernel: Array, groups: int, index: int) -> Array:
    filters = kernel.shape[2] // groups
    return kernel[:, :, index * filters : (index + 1) * filters]


def blocked(
    x: Tensor, constants: Constants, group: int, groups: int, width: int, filters: int
) -> Tensor:
    """A convolution with few filters, several positions at a time.

    A matrix product with 2 columns runs at a tenth of the peak. One stride of ``block`` positions
    whose kernel holds ``block`` shifted copies has enough columns, for a third more products.
    """
    block = COLUMNS // filters

    def shifted_copies(kernel: Array) -> Array:
        kernel = of_group(kernel, groups, group)
        copies = np.zeros((block + width - 1, kernel.shape[1], block, filters), kernel.dtype)
        for offset in range(block):
            copies[offset : offset + width, :, offset] = kernel
        return copies.reshape(block + width - 1, kernel.shape[1], block * filters)

    kernel = constants.prepared("kernel", f"blocked {group}", shifted_copies)
    length = int(x.shape[1]) - width + 1
    x = padded(x, 0, -length % block, constants)
    result = tf.nn.conv1d(x, kernel, block, "VALID")
    result = reshaped(result, constants, -1, int(result.shape[1]) * block, filters)
    return rows_of(result, 0, length, constants)
