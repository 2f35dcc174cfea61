"""Dilated convolutions as TensorFlow writes them, of positions apart as sequences of their own.

SpaceToBatchND moves every d-th position of a sequence into one of d sequences, an ordinary
convolution goes over these, and BatchToSpaceND puts the positions back. Read with a marker for what
lies between, which keeps the positions in their own order and says how far apart they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.tensorflow.elementwise import BY_ELEMENT
from fastism.frontends.keras.calls.tensorflow.registry import (
    Operation,
    Value,
    integers,
    is_known,
    known,
    reader,
    reads,
)


@dataclass(frozen=True)
class Apart:
    """A value in its own order, and of every axis how far apart are those that follow each other.

    steps: one entry an axis; 1 on those that were left alone.
    """

    value: Any
    steps: tuple[int, ...]


@reads("SpaceToBatchND")
def space_to_batch(operation: Operation, inputs: list[Value]) -> Value:
    """Around a convolution, with the operation that undoes it: the convolution is dilated."""
    value, blocks = inputs[0], integers(inputs[1], "block")
    widths = known(inputs[2], "paddings").astype(int).tolist()
    rest = len(value.shape) - 1 - len(blocks)
    if np.any(widths):
        value = ops.pad(value, [(0, 0), *map(tuple, widths), *[(0, 0)] * rest])
    return Apart(value, (1, *blocks, *[1] * rest))


@reads("BatchToSpaceND")
def batch_to_space(operation: Operation, inputs: list[Value]) -> Value:
    """Behind a convolution of positions apart, which is then a dilated one."""
    apart, blocks, crops = inputs[0], integers(inputs[1], "block"), known(inputs[2], "crops")
    if not isinstance(apart, Apart):
        refuse("it moves positions of several sequences into one")
    if (1, *blocks) != apart.steps[: len(blocks) + 1] or max(apart.steps[len(blocks) + 1 :]) > 1:
        refuse("it puts positions back in another order")
    key = [slice(int(left) or None, -int(right) or None) for left, right in crops]
    return apart.value[(slice(None), *key)] if np.any(crops) else apart.value


def between(operation: Operation, inputs: list[Value]) -> Value:
    """An operation on positions that lie apart."""
    apart, type = inputs[0], operation.type
    read = reader(type)
    if not isinstance(apart, Apart) or read is None or not all(map(is_known, inputs[1:])):
        refuse("it takes positions of a sequence for sequences")
    inner = [apart.value, *inputs[1:]]
    if type == "ExpandDims":
        (axis,) = integers(inputs[1], "axis")
        axis %= len(apart.steps) + 1
        return Apart(read(operation, inner), (*apart.steps[:axis], 1, *apart.steps[axis:]))
    if type == "Squeeze":
        axes = [axis % len(apart.steps) for axis in operation["squeeze_dims"]]
        kept = tuple(s for axis, s in enumerate(apart.steps) if axis not in axes)
        if not axes or np.prod(kept) != np.prod(apart.steps):
            refuse("it drops an axis of which nobody knows that it has one entry")
        return Apart(read(operation, inner), kept)
    if type in ("Conv2D", "DepthwiseConv2dNative"):
        return Apart(read(_Dilated(operation, apart.steps), inner), apart.steps)
    by_element = type in BY_ELEMENT or type == "BiasAdd"
    if not by_element or max((value.ndim for value in inputs[1:]), default=0) > 1:
        refuse("it takes positions of a sequence for sequences")
    return Apart(read(operation, inner), apart.steps)


class _Dilated(Operation):
    """A convolution over positions that lie apart, as one over all of them."""

    def __init__(self, operation: Operation, steps: Sequence[int]) -> None:
        super().__init__(operation.node)
        self.steps = steps
        self.require(padding="VALID", data_format="NHWC", strides=[1, 1, 1, 1])

    def __getitem__(self, attribute: str) -> Any:
        value = super().__getitem__(attribute)
        if attribute != "dilations":
            return value
        return [own * step for own, step in zip(value, self.steps, strict=True)]
