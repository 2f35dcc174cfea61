"""Numpy forms of the pointwise ops: activations, scale and shift, softmax over channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node

Elementwise = Callable[[Array, Node], Array]


def _elementwise(op: str) -> Callable[[Elementwise], Elementwise]:
    """Register a function of one array and the node's attributes."""

    def register(function: Elementwise) -> Elementwise:
        @implements(op)
        def implementation(
            node: Node,
            inputs: Sequence[Array],
            constants: Mapping[str, Array],
            context: Context,
        ) -> Array:
            return function(inputs[0], node)

        return function

    return register


def _sigmoid(x: Array) -> Array:
    probability: Array = 1 / (1 + np.exp(-x))
    return probability


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, np.zeros_like(x))


def _hard_sigmoid(x: Array) -> Array:
    ramp: Array = np.clip(x + 3, 0, 6) / 6
    return ramp


def _selu(x: Array) -> Array:
    scaled: Array = 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))
    return scaled


def _softmax(x: Array) -> Array:
    powers: Array = np.exp(x - x.max(axis=-1, keepdims=True))
    total: Array = powers.sum(axis=-1, keepdims=True)
    return powers / total


def _log_softmax(x: Array) -> Array:
    shifted: Array = x - x.max(axis=-1, keepdims=True)
    total: Array = np.exp(shifted).sum(axis=-1, keepdims=True)
    return shifted - np.log(total)


PLAIN: dict[str, Callable[[Array], Array]] = {
    "selu": _selu,
    "silu": lambda x: x * _sigmoid(x),
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": lambda x: x * _hard_sigmoid(x),
    "tanh": np.tanh,
    "softplus": _softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "log_sigmoid": lambda x: -_softplus(-x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "log": np.log,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "absolute": np.abs,
    "square": np.square,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "reciprocal": np.reciprocal,
    "tan": np.tan,
    "arctan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "arcsinh": np.arcsinh,
    "erf": lambda x: np.vectorize(math.erf, otypes=[x.dtype])(x),
    "positive": lambda x: (x > 0).astype(x.dtype),
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}
"""The functions without attributes."""

for _op, _function in PLAIN.items():
    _elementwise(_op)(lambda x, node, function=_function: function(x))  # type: ignore[misc]


@_elementwise("relu")
def relu(x: Array, node: Node) -> Array:
    """``x`` above the threshold, up to ``max_value``; ``negative_slope (x - threshold)`` below."""
    slope, threshold = node.number("negative_slope"), node.number("threshold")
    # No product with a slope of zero: it would turn an infinity into NaN.
    below = slope * (x - threshold) if slope else np.zeros_like(x)
    above = x if node["max_value"] is None else np.clip(x, 0, node.number("max_value"))
    return np.where(x > threshold, above, below)


@_elementwise("elu")
def elu(x: Array, node: Node) -> Array:
    """``alpha (exp(x) - 1)`` below zero."""
    return np.where(x > 0, x, node.number("alpha") * np.expm1(x))


@_elementwise("celu")
def celu(x: Array, node: Node) -> Array:
    """``alpha (exp(x / alpha) - 1)`` below zero."""
    alpha = node.number("alpha")
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


@_elementwise("gelu")
def gelu(x: Array, node: Node) -> Array:
    """``x`` times the normal distribution function, or its tanh approximation."""
    if node["approximate"]:
        spread: Array = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    else:
        erf = np.vectorize(math.erf, otypes=[np.float64])
        spread = erf(x / math.sqrt(2)).astype(x.dtype)
    gated: Array = x * (1 + spread) / 2
    return gated


@_elementwise("clip")
def clip(x: Array, node: Node) -> Array:
    """``x``, but at least ``minimum`` and at most ``maximum``, where they are given."""
    if node["minimum"] is not None:
        x = np.maximum(x, node.number("minimum"))
    return x if node["maximum"] is None else np.minimum(x, node.number("maximum"))


@_elementwise("power")
def power(x: Array, node: Node) -> Array:
    """``x ** exponent``."""
    return np.power(x, node.number("exponent"))


@implements("prelu")
def prelu(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``alpha x`` below zero."""
    (x,) = inputs
    return np.where(x > 0, x, constants["alpha"] * x)


@implements("scale_shift")
def scale_shift(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``x * scale + shift``, either of which may be left out."""
    (x,) = inputs
    if "scale" in constants:
        x = x * constants["scale"]
    return x + constants["shift"] if "shift" in constants else x


@implements("cast")
def cast(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``x``: the interpreter gives every result the element type its node states."""
    return inputs[0]
