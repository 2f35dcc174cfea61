"""Operations without a layer: ``a + b``, ``x * 2``, ``keras.ops.mean(x, axis=1)``..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastism.frontends.keras.call import Call, Step, array, handles, refuse
from fastism.ir.types import NUMPY_DTYPES

_BINARY = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "TrueDivide": "divide",
    "Divide": "divide",
    "Maximum": "maximum",
    "Minimum": "minimum",
}
_UNARY = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Elu": "elu",
    "Selu": "selu",
    "Celu": "celu",
    "Gelu": "gelu",
    "Silu": "silu",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "LogSigmoid": "log_sigmoid",
    "Exp": "exponential",
    "Log": "log",
    "Log1p": "log1p",
    "Expm1": "expm1",
    "Absolute": "absolute",
    "Square": "square",
    "Sqrt": "sqrt",
    "Sin": "sin",
    "Cos": "cos",
    "Reciprocal": "reciprocal",
}
_OPTIONS = ("alpha", "approximate")
_GLOBAL = {"Mean": "global_average_pool", "Max": "global_max_pool", "Sum": "global_sum_pool"}


def _per_channel(value: object, call: Call) -> Any:
    """A number or array operand as one number a channel of the only tensor."""
    channels, constant = call.types[0].channels, array(value)
    if any(extent != 1 for extent in constant.shape[:-1]) or constant.ndim > call.types[0].rank:
        refuse(f"its operand has the shape {constant.shape}")
    constant = constant.reshape(constant.shape[-1:])
    if constant.shape not in ((), (1,), (channels,)):
        refuse(f"its operand has {constant.size} channels")
    return np.broadcast_to(constant, (channels,)).astype(NUMPY_DTYPES[call.types[0].dtype])


@handles(*(f"ops.{name}" for name in _BINARY))
def binary(call: Call) -> Sequence[Step]:
    """An op over two tensors; over one tensor and numbers, a scale and shift (or a relu)."""
    op, arguments = _BINARY[type(call.operation).__name__], call.arguments
    if call.pattern == (0, 1):
        return [Step(op)]
    if call.pattern not in ((0, None), (None, 0)):
        refuse("it is not called with two operands")
    first = call.pattern[0] == 0
    value = _per_channel(arguments[1] if first else arguments[0], call)
    if op == "add":
        return [Step("scale_shift", {}, {"shift": value})]
    if op == "multiply":
        return [Step("scale_shift", {}, {"scale": value})]
    if op == "subtract" and first:
        return [Step("scale_shift", {}, {"shift": -value})]
    if op == "subtract":
        return [Step("scale_shift", {}, {"scale": -np.ones_like(value), "shift": value})]
    if op == "divide" and first:
        return [Step("scale_shift", {}, {"scale": 1 / value})]
    if op == "divide":
        return [Step("reciprocal"), Step("scale_shift", {}, {"scale": value})]
    if op == "maximum" and not value.any():
        return [Step("relu")]
    refuse(f"{op} of a tensor and a constant has no op")


@handles("ops.Negative")
def negative(call: Call) -> Sequence[Step]:
    return [Step("scale_shift", {}, {"scale": _per_channel(-1.0, call)})]


@handles("ops.Power")
def power(call: Call) -> Sequence[Step]:
    if call.pattern != (0, None):
        refuse("its exponent is a tensor")
    exponent = array(call.arguments[1])
    if exponent.size != 1:
        refuse("it has several exponents")
    return [Step("power", {"exponent": float(exponent.reshape(()))})]


@handles(*(f"ops.{name}" for name in _UNARY))
def unary(call: Call) -> Sequence[Step]:
    options = {n: getattr(call.operation, n) for n in _OPTIONS if hasattr(call.operation, n)}
    call.type  # noqa: B018  (refuses any argument beside the tensor)
    return [Step(_UNARY[type(call.operation).__name__], options)]


@handles("ops.ReLU")
def relu(call: Call) -> Sequence[Step]:
    names = ("negative_slope", "max_value", "threshold")
    return [Step("relu", {name: getattr(call.operation, name) for name in names})]


@handles("ops.LeakyRelu")
def leaky_relu(call: Call) -> Sequence[Step]:
    return [Step("relu", {"negative_slope": float(call.operation.negative_slope)})]


@handles("ops.Softmax", "ops.LogSoftmax")
def softmax(call: Call) -> Sequence[Step]:
    call.require_last_axis()
    return [Step("softmax" if type(call.operation).__name__ == "Softmax" else "log_softmax")]


@handles(*(f"ops.{name}" for name in _GLOBAL))
def reduce(call: Call) -> Sequence[Step]:
    """A mean, maximum or sum over the positions."""
    operation = call.operation
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    if call.type.rank != 3 or list(axes) not in ([1], [-2]):
        refuse(f"it reduces over axes {operation.axis}, not over the positions")
    call.require(initial=None)
    return [Step(_GLOBAL[type(operation).__name__], {"keepdims": bool(operation.keepdims)})]


@handles("ops.Reshape")
def reshape(call: Call) -> Sequence[Step]:
    batch, *shape = call.operation.newshape
    if batch not in (-1, None) or any(not isinstance(dim, int) or dim < 0 for dim in shape):
        refuse(f"its target is {call.operation.newshape}")
    return [Step("reshape", {"shape": tuple(shape)})]


@handles("ops.Squeeze")
def squeeze(call: Call) -> Sequence[Step]:
    """Drop a sequence axis of one position."""
    if call.type.rank != 3 or call.operation.axis not in (1, (1,), [1]):
        refuse(f"its axis is {call.operation.axis}")
    return [Step("reshape", {"shape": (call.type.channels,)})]


@handles("ops.ExpandDims")
def expand_dims(call: Call) -> Sequence[Step]:
    """Give a value without positions a sequence axis of one."""
    if call.type.rank != 2 or call.operation.axis not in (1, (1,), [1]):
        refuse(f"its axis is {call.operation.axis}")
    return [Step("reshape", {"shape": (1, call.type.channels)})]


@handles("ops.GetItem")
def crop(call: Call) -> Sequence[Step]:
    """``x[:, start:stop]`` and ``x[:, start:stop, :]``: a crop."""
    source = call.types[0]
    key = call.arguments[1] if len(call.arguments) == 2 else None
    parts = [part for part in key if part is not Ellipsis] if isinstance(key, tuple) else []
    ranges = [part for part in parts if isinstance(part, slice) and part.step in (None, 1)]
    others = [part for index, part in enumerate(parts) if index != 1]
    whole = all(part == slice(None) for part in others if isinstance(part, slice))
    if source.rank != 3 or not 2 <= len(ranges) == len(parts) or not whole:
        refuse("it takes something other than a range of positions")
    start, stop, _ = parts[1].indices(source.length)
    return [Step("crop", {"left": start, "right": source.length - stop})]
