"""Transposed convolutions, as an ordinary one that makes all phases of the stride."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastism.frontends.keras.calls.activation import activation_steps
from fastism.frontends.keras.calls.call import Call, Step, array, handles, integer
from fastism.frontends.keras.calls.phases import Array, phases
from fastism.frontends.keras.handlers.planes.plane import Plane, block_kernel


@handles("layers.Conv1DTranspose")
def conv1d_transpose(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    layer = call.operation
    stride, dilation = integer(layer.strides), integer(layer.dilation_rate)
    extra = None if layer.output_padding is None else integer(layer.output_padding)
    kernel, length = array(layer.kernel), call.type.length
    outputs, left = _outputs(length, len(kernel), stride, dilation, layer.padding, extra)
    bias = None if layer.bias is None else array(layer.bias)
    steps = _phases(length, outputs, left, kernel, bias, stride, dilation)
    return [*steps, *activation_steps(layer.activation)]


@handles("layers.Conv2DTranspose")
def conv2d_transpose(call: Call) -> Sequence[Step]:
    """Across the length, the kernel of the convolution that it transposes is folded."""
    plane, layer = Plane.of(call), call.operation
    kernel = plane.kernel(layer.kernel)
    options = [plane.pair(option) for option in (layer.strides, layer.dilation_rate)]
    options.append((layer.padding, layer.padding))
    options.append(
        (None, None) if layer.output_padding is None else plane.pair(layer.output_padding)
    )
    along, across = zip(*options, strict=True)
    outputs, left = _outputs(plane.length, kernel.shape[0], *along)
    width, left_across = _outputs(plane.width, kernel.shape[1], *across)
    plane.check(width)
    folded = block_kernel(kernel, width, plane.width, across[0], across[1], left_across)
    bias = None if layer.bias is None else np.tile(array(layer.bias), width)
    steps = _phases(plane.length, outputs, left, folded, bias, along[0], along[1])
    unfold = plane.unfold(width, kernel.shape[2])
    return [*plane.fold(), *steps, *unfold, *activation_steps(layer.activation)]


def _outputs(
    length: int, taps: int, stride: int, dilation: int, pad: str, extra: Any
) -> tuple[int, int]:
    """How many outputs there are, and how many in front of them Keras cuts off.

    The convolution that is transposed leads from the outputs to ``length`` inputs; `same` pads it
    as TensorFlow does. ``extra`` is the layer's output_padding.
    """
    reach = (taps - 1) * dilation + 1
    if pad == "valid":
        extra = max(stride - reach, 0) if extra is None else extra
        return (length - 1) * stride + reach + extra, 0
    outputs = length * stride if extra is None else (length - 1) * stride + reach % 2 + extra
    return outputs, max((length - 1) * stride + reach - outputs, 0) // 2


def _phases(
    length: int,
    outputs: int,
    left: int,
    kernel: Array,
    bias: Array | None,
    stride: int,
    dilation: int,
) -> list[Step]:
    """The steps from (N, length, C) to (N, outputs, F), activation apart; see `phases`.

    Keras lets no layer have both a stride and a dilation.
    """
    made = phases(length, outputs, left, kernel, stride, dilation)
    constants = {"kernel": made.kernel}
    if bias is not None:
        constants["bias"] = np.tile(bias, stride)
    options = {"width": len(made.kernel), "dilation": dilation}
    steps = [Step("conv1d", {**options, "pad": made.pad}, constants)]
    if stride > 1:
        steps.append(Step("reshape", {"shape": (made.made, kernel.shape[1])}))
        steps.append(Step("crop", {"left": made.crop[0], "right": made.crop[1]}))
    return steps
