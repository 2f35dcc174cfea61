"""Convolutions and dense layers."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.activation import with_activation
from fastism.frontends.keras.call import Call, Step, array, arrays, handles, integer, refuse


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
    if call.pattern != (0, None):
        refuse("its kernel is a tensor")
    operation, kernel = call.operation, array(call.arguments[1])
    if kernel.ndim != 3 or operation.data_format not in (None, "channels_last"):
        refuse(f"its kernel has the shape {kernel.shape}, its data {operation.data_format}")
    attributes = {
        "width": kernel.shape[0],
        "stride": integer(operation.strides),
        "dilation": integer(operation.dilation_rate),
        "groups": call.types[0].channels // kernel.shape[1],
        "pad": operation.padding,
    }
    return [Step("conv1d", attributes, {"kernel": kernel})]


@handles("layers.DepthwiseConv1D")
def depthwise_conv1d(call: Call) -> Sequence[Step]:
    """A convolution with one group a channel."""
    layer = call.operation
    step = _depthwise(call, layer.kernel)
    constants = {**step.constants, **arrays(bias=layer.bias)}
    return with_activation(Step("conv1d", step.attributes, constants), layer.activation)


@handles("layers.SeparableConv1D")
def separable_conv1d(call: Call) -> Sequence[Step]:
    """A depthwise convolution, then one of width 1 over channels."""
    layer = call.operation
    constants = arrays(kernel=layer.pointwise_kernel, bias=layer.bias)
    pointwise = with_activation(Step("conv1d", {"width": 1}, constants), layer.activation)
    return [_depthwise(call, layer.depthwise_kernel), *pointwise]


def _depthwise(call: Call, variable: object) -> Step:
    call.require(data_format="channels_last")
    layer, kernel = call.operation, array(variable)
    width, channels, multiplier = kernel.shape
    attributes = {
        "width": width,
        "stride": integer(layer.strides),
        "dilation": integer(layer.dilation_rate),
        "groups": channels,
        "pad": layer.padding,
    }
    return Step("conv1d", attributes, {"kernel": kernel.reshape(width, 1, channels * multiplier)})


@handles("layers.Dense")
def dense(call: Call) -> Sequence[Step]:
    layer = call.operation
    step = Step("dense", {}, arrays(kernel=layer.kernel, bias=layer.bias))
    return with_activation(step, layer.activation)
