"""Operations that give more or fewer positions: resizing, transposed convolutions."""

from __future__ import annotations

from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.phases import phases
from fastism.frontends.keras.calls.tensorflow.products import single_axis
from fastism.frontends.keras.calls.tensorflow.registry import (
    Operation,
    Value,
    extents,
    integers,
    known,
    reads,
)


@reads("ResizeNearestNeighbor")
def nearest(operation: Operation, inputs: list[Value]) -> Value:
    """By a whole factor, along either axis."""
    operation.require(align_corners=False)
    value, centred = inputs[0], operation["half_pixel_centers"]
    for axis, wanted in enumerate(integers(inputs[1], "size"), start=1):
        value = _resized(value, axis, wanted, centred)
    return value


def _resized(value: Value, axis: int, wanted: int, centred: bool) -> Value:
    own = int(extents(value)[axis] or 0)
    if wanted == own:
        return value
    if wanted % own == 0:
        return ops.repeat(value, wanted // own, axis=axis)
    if own % wanted:
        refuse(f"it makes {wanted} positions of {own}, by no whole factor")
    factor = own // wanted
    key = slice(factor // 2 if centred else None, None, factor)
    return value[(*[slice(None)] * axis, key)]


@reads("Conv2DBackpropInput")
def transposed(operation: Operation, inputs: list[Value]) -> Value:
    """Along one axis, phase by phase; the other must have one entry."""
    operation.require(data_format="NHWC", dilations=[1, 1, 1, 1])
    wanted, kernel, value = integers(inputs[0], "shape"), known(inputs[1], "kernel"), inputs[2]
    single = single_axis(value.shape, kernel.shape)
    if single is None or wanted[single] != 1:
        refuse("it goes over two axes")
    along, own = 3 - single, kernel.squeeze(single - 1)
    stride, outputs = operation["strides"][along], wanted[along]
    length, left = int(extents(value)[along] or 0), 0
    if operation["padding"] == "SAME":
        left = max((length - 1) * stride + len(own) - outputs, 0) // 2
    elif operation["padding"] != "VALID":
        refuse("it pads explicitly")
    made = phases(length, outputs, left, own, stride, 1)
    padded = ops.pad(ops.squeeze(value, single), [(0, 0), made.pad, (0, 0)])
    found = ops.conv(padded, made.kernel, 1, "valid", "channels_last")
    if stride > 1:
        found = ops.reshape(found, (-1, made.made, own.shape[1]))
        found = found[:, made.crop[0] : made.crop[0] + outputs]
    return ops.expand_dims(found, single)
