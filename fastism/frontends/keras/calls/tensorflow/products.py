"""Products with weights, convolutions and pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.tensorflow.registry import (
    Operation,
    Value,
    integers,
    is_known,
    known,
    reads,
)


@reads("MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def product(operation: Operation, inputs: list[Value]) -> Value:
    """Of a value and a known matrix, on either side and turned or not."""
    turns = ("transpose_a", "transpose_b") if operation.type == "MatMul" else ("adj_x", "adj_y")
    left, right = (
        _turned(value) if operation[turn] else value
        for value, turn in zip(inputs, turns, strict=True)
    )
    return ops.matmul(left, right)


def _turned(value: Value) -> Value:
    return np.swapaxes(value, -1, -2) if is_known(value) else ops.swapaxes(value, -1, -2)


@reads("Einsum")
def einsum(operation: Operation, inputs: list[Value]) -> Value:
    """Of a value and known weights, in either order."""
    sources, _, result = operation["equation"].partition("->")
    pairs = sorted(zip(sources.split(","), inputs, strict=True), key=lambda pair: is_known(pair[1]))
    subscripts = ",".join(source for source, _ in pairs)
    return ops.einsum(f"{subscripts}->{result}", *(value for _, value in pairs))


@reads("Conv2D", "DepthwiseConv2dNative")
def convolution(operation: Operation, inputs: list[Value]) -> Value:
    """By known weights, over two axes, or over one where the other has one entry."""
    kernel = known(inputs[1], "kernel")
    channels_last = operation["data_format"] == "NHWC"
    axes = slice(1, 3) if channels_last else slice(2, 4)
    strides, dilations = operation["strides"][axes], operation["dilations"][axes]
    padding, value = _padded(operation, inputs[0])
    convolve: Callable[..., Any] = ops.depthwise_conv
    if operation.type == "Conv2D":
        convolve = partial(_by_groups, -1 if channels_last else 1)
    format = "channels_last" if channels_last else "channels_first"
    single = single_axis(value.shape, kernel.shape) if channels_last else None
    if single is None:
        return convolve(value, kernel, tuple(strides), padding, format, tuple(dilations))
    along = 3 - single
    found = convolve(
        ops.squeeze(value, single),
        kernel.squeeze(single - 1),
        strides[along - 1],
        padding,
        format,
        dilations[along - 1],
    )
    return ops.expand_dims(found, single)


def _by_groups(axis: int, value: Value, kernel: Any, *options: Any) -> Value:
    """A convolution, group by group where its kernel takes fewer channels than there are."""
    groups = value.shape[axis] // kernel.shape[-2]
    if groups == 1:
        return ops.conv(value, kernel, *options)
    if kernel.shape[-2] == 1:
        by_channel = kernel.reshape(*kernel.shape[:-2], groups, -1)
        return ops.depthwise_conv(value, by_channel, *options)
    parts = zip(ops.split(value, groups, axis), np.split(kernel, groups, -1), strict=True)
    return ops.concatenate([ops.conv(part, own, *options) for part, own in parts], axis)


def single_axis(shape: Sequence[Any], window: Sequence[int]) -> int | None:
    """The axis, of the two that are convolved or pooled, on which nothing has an extent."""
    singles = (axis for axis in (1, 2) if shape[axis] == 1 and window[axis - 1] == 1)
    return next(singles, None)


def _padded(operation: Operation, value: Value) -> tuple[str, Value]:
    """How an operation pads, and its input with what it pads explicitly."""
    padding = operation["padding"]
    if padding != "EXPLICIT":
        return padding.lower(), value
    given = [int(number) for number in operation["explicit_paddings"]]
    return "valid", ops.pad(value, list(zip(given[::2], given[1::2], strict=True)))


@reads("MaxPool", "AvgPool", "MaxPoolV2")
def pool(operation: Operation, inputs: list[Value]) -> Value:
    """Over one axis or two, padded or not."""
    if operation["data_format"] != "NHWC":
        refuse("its channels come first")
    if operation.type == "MaxPoolV2":
        size, strides = (integers(each, "size") for each in inputs[1:3])
    else:
        size, strides = operation["ksize"], operation["strides"]
    if operation["padding"] == "EXPLICIT":
        refuse("it pads explicitly")
    run: Callable[..., Any] = ops.average_pool if operation.type == "AvgPool" else ops.max_pool
    padding, value = operation["padding"].lower(), inputs[0]
    if (size[0], size[3]) != (1, 1) or (strides[0], strides[3]) != (1, 1):
        refuse("it pools over sequences or channels")
    single = single_axis(value.shape, size[1:3])
    if single is not None:
        along = 3 - single
        found = run(
            ops.squeeze(value, single), size[along], strides[along], padding, "channels_last"
        )
        return ops.expand_dims(found, single)
    return run(value, tuple(size[1:3]), tuple(strides[1:3]), padding, "channels_last")
