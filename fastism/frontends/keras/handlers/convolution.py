"""Convolutions and dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from fastism.frontends.keras.calls.activation import with_activation
from fastism.frontends.keras.calls.call import Call, Step, array, arrays, handles, integer, refuse
from fastism.frontends.keras.handlers.planes import two_dimensional


@handles("layers.Conv1D")
def conv1d(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    layer = call.operation
    attributes = {
        "width": integer(layer.kernel_size),
        "stride": integer(layer.strides),
        "dilation": integer(layer.dilation_rate),
        "groups": integer(layer.groups),
        "pad": layer.padding,
    }
    step = Step("conv1d", attributes, arrays(kernel=layer.kernel, bias=layer.bias))
    return with_activation(step, layer.activation)


@handles("ops.Conv")
def convolution(call: Call) -> Sequence[Step]:
    """With weights that code of the user's works out, or a layer derived from Conv1D has."""
    (kernel,) = _kernels(call, 1)
    if kernel.ndim == 4:
        return two_dimensional.convolution(call, kernel)
    attributes = {
        "width": kernel.shape[0],
        "stride": integer(call.operation.strides),
        "dilation": integer(call.operation.dilation_rate),
        "groups": call.types[0].channels // kernel.shape[1],
        "pad": call.operation.padding,
    }
    return [Step("conv1d", attributes, {"kernel": kernel})]


@handles("ops.DepthwiseConv")
def depthwise_convolution(call: Call) -> Sequence[Step]:
    (kernel,) = _kernels(call, 1)
    if kernel.ndim == 4:
        return two_dimensional.depthwise_convolution(call, kernel)
    return [_depthwise(call, kernel)]


@handles("ops.SeparableConv")
def separable_convolution(call: Call) -> Sequence[Step]:
    depthwise, pointwise = _kernels(call, 2)
    if depthwise.ndim != 3:
        refuse("it goes over two axes")
    return [_depthwise(call, depthwise), Step("conv1d", {"width": 1}, {"kernel": pointwise})]


def _kernels(call: Call, count: int) -> list[npt.NDArray[Any]]:
    """The weights that an operation convolves its one tensor with, along the length."""
    if call.pattern != (0, *[None] * count):
        refuse("its kernel is a tensor")
    kernels = [array(kernel) for kernel in call.arguments[1:]]
    axes = call.types[0].rank
    if axes not in (3, 4) or any(kernel.ndim != axes for kernel in kernels):
        refuse(f"kernels of {kernels[0].ndim} axes meet a value of {axes}")
    if call.operation.data_format not in (None, "channels_last"):
        refuse(f"its data_format is {call.operation.data_format!r}")
    return kernels


@handles("layers.DepthwiseConv1D")
def depthwise_conv1d(call: Call) -> Sequence[Step]:
    """A convolution with one group a channel."""
    call.require(data_format="channels_last")
    layer = call.operation
    step = _depthwise(call, array(layer.kernel))
    constants = {**step.constants, **arrays(bias=layer.bias)}
    return with_activation(Step("conv1d", step.attributes, constants), layer.activation)


@handles("layers.SeparableConv1D")
def separable_conv1d(call: Call) -> Sequence[Step]:
    """A depthwise convolution, then one of width 1 over channels."""
    call.require(data_format="channels_last")
    layer = call.operation
    constants = arrays(kernel=layer.pointwise_kernel, bias=layer.bias)
    pointwise = with_activation(Step("conv1d", {"width": 1}, constants), layer.activation)
    return [_depthwise(call, array(layer.depthwise_kernel)), *pointwise]


def _depthwise(call: Call, kernel: npt.NDArray[Any]) -> Step:
    operation = call.operation
    width, channels, multiplier = kernel.shape
    attributes = {
        "width": width,
        "stride": integer(operation.strides),
        "dilation": integer(operation.dilation_rate),
        "groups": channels,
        "pad": operation.padding,
    }
    return Step("conv1d", attributes, {"kernel": kernel.reshape(width, 1, channels * multiplier)})


@handles("layers.Dense")
def dense(call: Call) -> Sequence[Step]:
    layer = call.operation
    step = Step("dense", {}, arrays(kernel=layer.kernel, bias=layer.bias))
    return with_activation(step, layer.activation)
