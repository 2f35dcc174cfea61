"""Padding, cropping and upsampling over two axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.frontends.keras.calls.call import Call, Step, handles
from fastism.frontends.keras.handlers.planes.plane import Plane, block_kernel
from fastism.ir.types import NUMPY_DTYPES


@handles("layers.ZeroPadding2D")
def zero_pad(call: Call) -> Sequence[Step]:
    return padded(call, call.operation.padding)


def padded(call: Call, padding: Sequence[tuple[int, int]]) -> list[Step]:
    """Zeros at both ends of both axes; how many, by axis and end."""
    plane = Plane.of(call)
    (left, right), (before, behind) = plane.pair(padding)
    width = before + plane.width + behind
    steps = [*plane.fold(), Step("zero_pad", {"left": left, "right": right})]
    if width > plane.width:  # zeros across the length are channels that a convolution puts in
        plane.check(width)
        same = np.eye(plane.channels, dtype=NUMPY_DTYPES[call.type.dtype])[None, None]
        kernel = block_kernel(same, plane.width, width, 1, 1, before)
        steps.append(Step("conv1d", {"width": 1}, {"kernel": kernel}))
    return [*steps, *plane.unfold(width, plane.channels)]


@handles("layers.Cropping2D")
def crop(call: Call) -> Sequence[Step]:
    plane = Plane.of(call)
    (left, right), (before, behind) = plane.pair(call.operation.cropping)
    width = plane.width - before - behind
    steps = [*plane.fold(), Step("crop", {"left": left, "right": right})]
    if width < plane.width:
        bounds = {"start": before * plane.channels, "stop": (before + width) * plane.channels}
        steps.append(Step("slice_channels", bounds))
    return [*steps, *plane.unfold(width, plane.channels)]


@handles("layers.UpSampling2D")
def upsample(call: Call) -> Sequence[Step]:
    call.require(interpolation="nearest")
    return repeated(call, call.operation.size)


def repeated(call: Call, size: Sequence[int]) -> list[Step]:
    """Every position so often, by axis; across the length first, each row in its place."""
    plane = Plane.of(call)
    factor, across = plane.pair(size)
    width, steps = plane.width * across, [*plane.fold()]
    if across > 1:
        folded = Step("reshape", {"shape": (plane.length, width * plane.channels)})
        steps = [*plane.rows(), Step("upsample", {"factor": across}), folded]
    return [*steps, Step("upsample", {"factor": factor}), *plane.unfold(width, plane.channels)]
