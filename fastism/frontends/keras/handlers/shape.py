"""Layers that move positions or change the shape."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.call import Call, Step, handles, integer


@handles("layers.Cropping1D")
def crop(call: Call) -> Sequence[Step]:
    left, right = call.operation.cropping
    return [Step("crop", {"left": left, "right": right})]


@handles("layers.ZeroPadding1D")
def zero_pad(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    left, right = call.operation.padding
    return [Step("zero_pad", {"left": left, "right": right})]


@handles("layers.UpSampling1D")
def upsample(call: Call) -> Sequence[Step]:
    return [Step("upsample", {"factor": integer(call.operation.size)})]


@handles("layers.Flatten")
def flatten(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    return [Step("flatten")]


@handles("layers.Reshape")
def reshape(call: Call) -> Sequence[Step]:
    return [Step("reshape", {"shape": tuple(int(dim) for dim in call.operation.target_shape)})]
