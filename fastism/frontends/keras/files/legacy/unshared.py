"""The weights of locally connected layers, from the three layouts of Keras 2 to one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.files.legacy.locally_connected import LocallyConnected2D

Array = npt.NDArray[Any]


def unshared(layer: LocallyConnected2D, arrays: list[Array]) -> list[Array]:
    """The kernel (places..., window..., C, F) and the bias (places..., F) of a built layer.

    Its ``implementation`` tells what the file has: of 1, a matrix for each place; of 2, one from
    all inputs to all outputs, in which only some entries count; of 3, those alone, in order. Raises
    ValueError for arrays of another size.
    """
    kernel, *bias = arrays
    shape = tuple(layer.kernel.shape)
    laid_out = {1: _by_place, 2: _of_all, 3: _of_connections}[layer.implementation]
    made = [laid_out(layer, kernel, shape)]
    for each in bias:
        if layer.channels_first:  # as Keras 2 adds it, whatever shape it has
            each = np.moveaxis(each.reshape(layer.filters, *layer.places), 0, -1)
        made.append(each)
    return made


def _by_place(layer: LocallyConnected2D, kernel: Array, shape: tuple[int, ...]) -> Array:
    if kernel.ndim != 3:
        raise ValueError("the kernel has another shape")
    if not layer.channels_first:
        return kernel.reshape(shape)
    *places_and_window, channels, filters = shape
    apart = (*places_and_window[: layer.axes], channels, *places_and_window[layer.axes :], filters)
    return np.moveaxis(kernel.reshape(apart), layer.axes, -2)


def _of_all(layer: LocallyConnected2D, kernel: Array, shape: tuple[int, ...]) -> Array:
    axes, channels = layer.axes, shape[-2]
    if layer.channels_first:
        kernel = np.moveaxis(np.moveaxis(kernel, axes + 1, -1), 0, axes)
    if kernel.shape != (*layer.extents, channels, *layer.places, layer.filters):
        raise ValueError("the kernel has another shape")
    read, inside, places, (channel, filter_) = _connections(layer, shape)
    near = tuple(np.clip(at, 0, n - 1) for at, n in zip(read, layer.extents, strict=True))
    return np.where(inside, kernel[(*near, channel, *places, filter_)], 0)


def _of_connections(layer: LocallyConnected2D, kernel: Array, shape: tuple[int, ...]) -> Array:
    if kernel.ndim != 1:
        raise ValueError("the kernel has another shape")
    read, inside, places, (channel, filter_) = _connections(layer, shape)
    inputs = _number((*read, channel), (*layer.extents, shape[-2]), layer.channels_first)
    outputs = _number((*places, filter_), (*layer.places, layer.filters), layer.channels_first)
    used = np.broadcast_to(inside, shape).ravel()
    keys = [np.broadcast_to(each, shape).ravel()[used] for each in (inputs, outputs)]
    made, order = np.zeros(used.sum(), kernel.dtype), np.lexsort(keys)
    made[order] = kernel.reshape(order.shape)
    result = np.zeros(shape, kernel.dtype)
    result.ravel()[used] = made
    return result


def _connections(layer: LocallyConnected2D, shape: tuple[int, ...]) -> Any:
    """Of every entry of a kernel (places..., window..., C, F): the position it reads, by axis,
    whether there is one, the place it is for, and its channel and filter.
    """
    grid, axes = np.ogrid[tuple(map(slice, shape))], layer.axes
    places, taps = grid[:axes], grid[axes : 2 * axes]
    read = [
        place * step - left + tap
        for place, tap, step, left in zip(places, taps, layer.strides, layer.left, strict=True)
    ]
    inside = np.ones((), bool)
    for at, extent in zip(read, layer.extents, strict=True):
        inside = inside & (at >= 0) & (at < extent)
    return read, inside, places, grid[2 * axes :]


def _number(index: tuple[Array, ...], extents: tuple[int, ...], channels_first: bool) -> Array:
    """The number of an entry of (positions..., channels), in the order of the file's data."""
    if channels_first:
        index, extents = (index[-1], *index[:-1]), (extents[-1], *extents[:-1])
    number: Array = np.zeros((), np.int64)
    for at, extent in zip(index, extents, strict=True):
        number = number * extent + at
    return number
