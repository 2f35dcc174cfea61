"""Operations that treat every element by itself, alone or with its like."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
import numpy as np
from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.tensorflow.registry import Operation, Value, known, reads
from fastism.frontends.keras.calls.unread import FREQUENCIES
from fastism.ir.types import SHORT_DTYPES

_ALIKE: dict[str, Callable[..., Any]] = {
    "Abs": ops.abs,
    "Add": ops.add,
    "AddV2": ops.add,
    "Asinh": ops.arcsinh,
    "Atan": ops.arctan,
    "Cos": ops.cos,
    "Cosh": ops.cosh,
    "Div": ops.divide,
    "Elu": ops.elu,
    "Erf": ops.erf,
    "Exp": ops.exp,
    "Expm1": ops.expm1,
    "Inv": ops.reciprocal,
    "Log": ops.log,
    "Log1p": ops.log1p,
    "Maximum": ops.maximum,
    "Minimum": ops.minimum,
    "Mul": ops.multiply,
    "Neg": ops.negative,
    "OnesLike": ops.ones_like,
    "RealDiv": ops.divide,
    "Reciprocal": ops.reciprocal,
    "Relu": ops.relu,
    "Relu6": ops.relu6,
    "Rsqrt": ops.rsqrt,
    "Selu": ops.selu,
    "Sigmoid": ops.sigmoid,
    "Sign": ops.sign,
    "Sin": ops.sin,
    "Sinh": ops.sinh,
    "Softplus": ops.softplus,
    "Softsign": ops.softsign,
    "Sqrt": ops.sqrt,
    "Square": ops.square,
    "Sub": ops.subtract,
    "Tan": ops.tan,
    "Tanh": ops.tanh,
    "ZerosLike": ops.zeros_like,
    "Floor": ops.floor,
    "Ceil": ops.ceil,
    "Rint": ops.round,
    "Round": ops.round,
}


BY_ELEMENT = frozenset(
    (*_ALIKE, "Erfc", "LeakyRelu", "ClipByValue", "Pow", "Cast", "SquaredDifference")
)
"""Types of operations that treat every element by itself."""


@reads(*_ALIKE)
def alike(operation: Operation, inputs: list[Value]) -> Value:
    """Every element by itself: by the operation that Keras has for it."""
    return _ALIKE[operation.type](*inputs)


@reads("Erfc")
def complementary_error(operation: Operation, inputs: list[Value]) -> Value:
    """One less the error function; not every Keras 3 has a name for it."""
    return ops.subtract(1.0, ops.erf(inputs[0]))


@reads("AddN")
def total(operation: Operation, inputs: list[Value]) -> Value:
    """A sum of several values."""
    return reduce(ops.add, inputs)


@reads("SquaredDifference")
def squared_difference(operation: Operation, inputs: list[Value]) -> Value:
    """The square of a difference."""
    return ops.square(ops.subtract(*inputs))


@reads("LeakyRelu")
def leaky_relu(operation: Operation, inputs: list[Value]) -> Value:
    """A share of what is below zero."""
    return ops.leaky_relu(inputs[0], negative_slope=operation["alpha"])


@reads("ClipByValue")
def clip(operation: Operation, inputs: list[Value]) -> Value:
    """Between two known bounds."""
    low, high = known(inputs[1], "lower bound"), known(inputs[2], "upper bound")
    return ops.clip(inputs[0], low, high)


@reads("Pow")
def power(operation: Operation, inputs: list[Value]) -> Value:
    """Of a known exponent, or a known base above zero."""
    base, exponent = inputs
    if isinstance(base, np.ndarray) and np.all(base > 0):
        return ops.exp(ops.multiply(exponent, np.log(base)))
    return ops.power(base, known(exponent, "exponent"))


@reads("IsFinite")
def is_finite(operation: Operation, inputs: list[Value]) -> Value:
    """A comparison with the largest number there is, which infinities and NaN fail."""
    largest = np.finfo(keras.backend.standardize_dtype(inputs[0].dtype)).max
    return ops.less(ops.abs(inputs[0]), largest)


@reads("FloorDiv")
def whole_ratio(operation: Operation, inputs: list[Value]) -> Value:
    """The floor of a ratio."""
    return ops.floor(ops.divide(*inputs))


@reads("FloorMod")
def remainder(operation: Operation, inputs: list[Value]) -> Value:
    """What the floor of a ratio leaves."""
    above, below = inputs
    return ops.subtract(above, ops.multiply(ops.floor(ops.divide(above, below)), below))


@reads("BiasAdd", "BiasAddV1")
def bias(operation: Operation, inputs: list[Value]) -> Value:
    """A number for every channel, wherever the channels stand."""
    if operation.type == "BiasAdd" and operation["data_format"] != "NHWC":
        shape = (1, -1, *(1,) * (len(inputs[0].shape) - 2))
        return ops.add(inputs[0], known(inputs[1], "bias").reshape(shape))
    return ops.add(*inputs)


@reads("DivNoNan")
def ratio_or_zero(operation: Operation, inputs: list[Value]) -> Value:
    """A ratio, zero where the divisor is."""
    above, below = inputs
    if isinstance(below, np.ndarray):
        if np.all(below != 0):
            return ops.divide(above, below)
        refuse("it divides by zeros")
    none = ops.equal(below, 0)
    return ops.where(none, ops.zeros_like(below), ops.divide(above, ops.where(none, 1.0, below)))


@reads("Cast")
def cast(operation: Operation, inputs: list[Value]) -> Value:
    """To another element type that the IR has."""
    dtype = operation["DstT"].name
    if dtype not in SHORT_DTYPES:
        complex_too = f", as Fourier transforms do: {FREQUENCIES}" if "complex" in dtype else ""
        refuse(f"it casts to {dtype}{complex_too}")
    if keras.backend.standardize_dtype(inputs[0].dtype) == dtype:
        return inputs[0]
    return ops.cast(inputs[0], dtype)
