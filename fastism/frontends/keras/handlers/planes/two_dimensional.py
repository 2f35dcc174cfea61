"""Convolutions over two axes, as convolutions along the longer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastism.frontends.keras.calls.activation import activation_steps
from fastism.frontends.keras.calls.call import Call, Step, array, arrays, handles, integer
from fastism.frontends.keras.handlers.planes.plane import (
    Array,
    Plane,
    block_kernel,
    windows_across,
    without_groups,
)


@handles("layers.Conv2D")
def conv2d(call: Call) -> Sequence[Step]:
    plane, layer = Plane.of(call), call.operation
    kernel = plane.kernel(layer.kernel)
    width, step = _along(plane, layer, kernel, integer(layer.groups), layer.bias)
    unfold = plane.unfold(width, kernel.shape[-1])
    return [*plane.fold(), step, *unfold, *activation_steps(layer.activation)]


def convolution(call: Call, kernel: Array) -> Sequence[Step]:
    """The operation, of one tensor and a kernel (first axis, second axis, channels, filters)."""
    plane = Plane.of(replace(call, arguments=call.arguments[:1]))
    groups = plane.channels // kernel.shape[2]
    turned = plane.kernel(kernel)
    width, step = _along(plane, call.operation, turned, groups, None)
    return [*plane.fold(), step, *plane.unfold(width, kernel.shape[-1])]


def depthwise_convolution(call: Call, kernel: Array) -> Sequence[Step]:
    """The operation, of one tensor and a kernel (first axis, second axis, channels, multiplier)."""
    plane = Plane.of(replace(call, arguments=call.arguments[:1]))
    wide = _depthwise(plane, kernel)
    width, step = _along(plane, call.operation, wide, plane.channels, None)
    return [*plane.fold(), step, *plane.unfold(width, wide.shape[-1])]


@handles("layers.DepthwiseConv2D")
def depthwise_conv2d(call: Call) -> Sequence[Step]:
    """A convolution with one group a channel."""
    plane, layer = Plane.of(call), call.operation
    kernel = _depthwise(plane, layer.kernel)
    width, step = _along(plane, layer, kernel, plane.channels, layer.bias)
    unfold = plane.unfold(width, kernel.shape[-1])
    return [*plane.fold(), step, *unfold, *activation_steps(layer.activation)]


@handles("layers.SeparableConv2D")
def separable_conv2d(call: Call) -> Sequence[Step]:
    """A depthwise convolution, then one of width 1 over channels."""
    plane, layer = Plane.of(call), call.operation
    kernel = _depthwise(plane, layer.depthwise_kernel)
    width, depthwise = _along(plane, layer, kernel, plane.channels, None)
    pointwise = array(layer.pointwise_kernel)
    constants = {"kernel": block_kernel(pointwise, width, width, 1, 1, 0)}
    if layer.bias is not None:
        constants["bias"] = np.tile(array(layer.bias), width)
    over_channels = Step("conv1d", {"width": 1}, constants)
    unfold = plane.unfold(width, pointwise.shape[-1])
    return [*plane.fold(), depthwise, over_channels, *unfold, *activation_steps(layer.activation)]


def _depthwise(plane: Plane, variable: object) -> Array:
    kernel = plane.kernel(variable)
    along, across, channels, multiplier = kernel.shape
    return kernel.reshape(along, across, 1, channels * multiplier)


def _along(plane: Plane, layer: Any, kernel: Array, groups: int, bias: object) -> tuple[int, Step]:
    """The convolution along the length of the folded value, and the positions left across it."""
    stride, stride_across = plane.pair(layer.strides)
    dilation, dilation_across = plane.pair(layer.dilation_rate)
    outputs, left = windows_across(
        plane.width, kernel.shape[1], stride_across, dilation_across, layer.padding
    )
    plane.check(outputs)
    if max(plane.width, outputs) > 1 and groups > 1:
        kernel, groups = without_groups(kernel, groups), 1
    folded = block_kernel(kernel, plane.width, outputs, stride_across, dilation_across, left)
    attributes = {
        "width": kernel.shape[0],
        "stride": stride,
        "dilation": dilation,
        "groups": groups,
        "pad": layer.padding,
    }
    constants = arrays(kernel=folded)
    if bias is not None:
        constants["bias"] = np.tile(array(bias), outputs)
    return outputs, Step("conv1d", attributes, constants)
