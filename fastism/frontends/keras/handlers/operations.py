"""Operations without a layer: ``a + b``, ``x * 2``, ``keras.ops.mean(x, axis=1)``..."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fastism.frontends.keras.calls.call import Call, Step, array, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers.reductions import axes_of, without_axes

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
    "Abs": "absolute",
    "Fabs": "absolute",
    "Square": "square",
    "Sqrt": "sqrt",
    "Sin": "sin",
    "Cos": "cos",
    "Reciprocal": "reciprocal",
    "Tan": "tan",
    "Arctan": "arctan",
    "Sinh": "sinh",
    "Cosh": "cosh",
    "Arcsinh": "arcsinh",
    "Erf": "erf",
    "Floor": "floor",
    "Ceil": "ceil",
}
_OPTIONS = ("alpha", "approximate")


def _scaled(composer: Composer, op: str, value: object, *, first: bool) -> bool:
    """Write a sum, difference, product or ratio with a constant as a scale and shift."""
    if op == "add":
        composer.affine(0, shift=value)
    elif op == "multiply":
        composer.affine(0, scale=value)
    elif op == "subtract" and first:
        composer.affine(0, shift=-array(value))
    elif op == "subtract":
        composer.affine(0, scale=-1.0, shift=value)
    elif op == "divide" and first:
        with np.errstate(divide="ignore"):
            composer.affine(0, scale=1 / array(value).astype(np.float64))
    elif op == "divide":
        composer.affine(composer.add("reciprocal", 0), scale=value)
    else:
        return False
    return True


@handles(*(f"ops.{name}" for name in _BINARY))
def binary(call: Call) -> Sequence[Step]:
    """An op over two tensors; over one tensor and numbers, a scale and shift, or a clip."""
    op = _BINARY[call.kind]
    if call.pattern == (0, 1):
        return [Step(op)]
    if call.pattern not in ((0, None), (None, 0)):
        refuse("it is not called with two operands")
    composer, first = Composer(call.types), call.pattern[0] == 0
    value = array(call.arguments[1 if first else 0])
    if _scaled(composer, op, value, first=first):
        return composer.steps
    if op == "maximum" and not value.any():
        return [Step("relu")]
    if value.size == 1:
        bound = "minimum" if op == "maximum" else "maximum"
        return [Step("clip", {bound: float(value.reshape(()))})]
    composer.add(op, 0, composer.constant(value, 0))
    return composer.steps


@handles("ops.Negative")
def negative(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    composer.affine(0, scale=-1.0)
    return composer.steps


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
    return [Step(_UNARY[call.kind], options)]


@handles("ops.Round")
def rounded(call: Call) -> Sequence[Step]:
    """To so many decimals, which may be below zero."""
    composer, factor = Composer([call.type]), 10.0 ** int(call.operation.decimals)
    if factor == 1.0:
        return [Step("round")]
    composer.affine(composer.add("round", composer.affine(0, scale=factor)), scale=1 / factor)
    return composer.steps


@handles("ops.Trunc")
def truncated(call: Call) -> Sequence[Step]:
    """Towards zero: below it, up."""
    composer = Composer([call.type])
    above = composer.add("floor", composer.add("relu", 0))
    below = composer.add("floor", composer.add("relu", composer.affine(0, scale=-1.0)))
    composer.add("subtract", above, below)
    return composer.steps


@handles("ops.ZerosLike", "ops.OnesLike")
def filled_like(call: Call) -> Sequence[Step]:
    call.require(dtype=None)
    value, shape = float(call.kind == "OnesLike"), call.type.shape[1:]
    composer = Composer([call.type])
    composer.constant(np.full((1, *map(int, shape)), value), 0)
    return composer.steps


@handles("ops.Rsqrt")
def inverse_root(call: Call) -> Sequence[Step]:
    return [Step("sqrt"), Step("reciprocal")]


@handles("ops.Erfc")
def complementary_error(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    composer.affine(composer.add("erf", 0), scale=-1.0, shift=1.0)
    return composer.steps


@handles("ops.Log2", "ops.Log10")
def logarithm(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    base = 2.0 if call.kind == "Log2" else 10.0
    composer.affine(composer.add("log", 0), scale=1 / math.log(base))
    return composer.steps


@handles("ops.Exp2")
def power_of_two(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    composer.add("exponential", composer.affine(0, scale=math.log(2.0)))
    return composer.steps


@handles("ops.Sign")
def sign(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    below = composer.add("positive", composer.affine(0, scale=-1.0))
    composer.add("subtract", composer.add("positive", 0), below)
    return composer.steps


@handles("ops.Clip")
def clip(call: Call) -> Sequence[Step]:
    """Between two bounds, numbers or arrays."""
    # In this order: where they are the wrong way round, the lower one counts.
    bounds = {"minimum": call.operation.x_max, "maximum": call.operation.x_min}
    given = {op: array(bound) for op, bound in bounds.items() if bound is not None}
    composer, value = Composer([call.type]), 0
    for op, bound in given.items():
        if bound.size == 1:
            side = "minimum" if op == "maximum" else "maximum"
            value = composer.add("clip", value, attributes={side: float(bound.reshape(()))})
        else:
            value = composer.add(op, value, composer.constant(bound, 0))
    return composer.steps or [Step("identity")]


@handles("ops.ReLU")
def relu(call: Call) -> Sequence[Step]:
    names = ("negative_slope", "max_value", "threshold")
    return [Step("relu", {name: getattr(call.operation, name) for name in names})]


@handles("ops.LeakyRelu")
def leaky_relu(call: Call) -> Sequence[Step]:
    return [Step("relu", {"negative_slope": float(call.operation.negative_slope)})]


@handles("ops.Reshape")
def reshape(call: Call) -> Sequence[Step]:
    batch, *shape = call.operation.newshape
    if batch not in (-1, None) or any(not isinstance(dim, int) or dim < -1 for dim in shape):
        refuse(f"its target is {call.operation.newshape}")
    return [Step("reshape", {"shape": tuple(shape)})]


@handles("ops.Squeeze")
def squeeze(call: Call) -> Sequence[Step]:
    """Drop axes of one entry."""
    type = call.type
    ones = [axis for axis, extent in enumerate(type.shape) if extent == 1]
    axis = call.operation.axis
    composer = Composer([type])
    without_axes(composer, 0, ones if axis is None else axes_of(axis, type.rank))
    return composer.steps


@handles("ops.ExpandDims")
def expand_dims(call: Call) -> Sequence[Step]:
    """One more axis, of one entry."""
    shape, axis = [int(extent) for extent in call.type.shape[1:]], call.operation.axis
    for each in sorted(axes_of(axis, call.type.rank + 1)):
        shape.insert(each - 1, 1)
    return [Step("reshape", {"shape": tuple(shape)})]
