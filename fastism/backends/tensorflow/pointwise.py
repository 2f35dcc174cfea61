"""Activations, scale and shift, softmax."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node
from fastism.ir.types import NUMPY_DTYPES

UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    "selu": tf.nn.selu,
    "silu": tf.nn.silu,
    "sigmoid": tf.nn.sigmoid,
    "hard_sigmoid": lambda x: tf.nn.relu6(x + 3.0) / 6.0,
    "hard_silu": lambda x: x * tf.nn.relu6(x + 3.0) / 6.0,
    "tanh": tf.tanh,
    "softplus": tf.math.softplus,
    "softsign": tf.nn.softsign,
    "exponential": tf.exp,
    "mish": lambda x: x * tf.tanh(tf.math.softplus(x)),
    "log_sigmoid": tf.math.log_sigmoid,
    "relu6": tf.nn.relu6,
    "log": tf.math.log,
    "log1p": tf.math.log1p,
    "expm1": tf.math.expm1,
    "absolute": tf.abs,
    "square": tf.square,
    "sqrt": tf.sqrt,
    "sin": tf.sin,
    "cos": tf.cos,
    "reciprocal": tf.math.reciprocal,
    "tan": tf.tan,
    "arctan": tf.atan,
    "sinh": tf.sinh,
    "cosh": tf.cosh,
    "arcsinh": tf.asinh,
    "erf": tf.math.erf,
    "positive": lambda x: tf.cast(x > 0, x.dtype),
    "floor": tf.floor,
    "ceil": tf.math.ceil,
    "round": tf.round,
    "softmax": tf.nn.softmax,
    "log_softmax": tf.nn.log_softmax,
}


def _register(name: str, function: Callable[[Tensor], Tensor]) -> None:
    @emits(name)
    def unary(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
        return function(inputs[0])


for _name, _function in UNARY.items():
    _register(_name, _function)


@emits("relu")
def relu(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x above the threshold, capped at max_value; below it, slope * (x - threshold)."""
    x, slope = inputs[0], node.number("negative_slope")
    threshold, most = node.number("threshold"), node["max_value"]
    if slope == 0.0 and threshold == 0.0 and most is None:
        return tf.nn.relu(x)
    below = slope * (x - threshold) if slope else tf.zeros_like(x)
    above = x if most is None else tf.minimum(x, node.number("max_value"))
    return tf.where(x > threshold, above, below)


@emits("elu")
def elu(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x where positive, alpha * (exp(x) - 1) elsewhere."""
    x, alpha = inputs[0], node.number("alpha")
    return tf.nn.elu(x) if alpha == 1.0 else tf.where(x > 0, x, alpha * tf.math.expm1(x))


@emits("celu")
def celu(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)."""
    x, alpha = inputs[0], node.number("alpha")
    return tf.maximum(x, 0.0) + alpha * tf.math.expm1(tf.minimum(x, 0.0) / alpha)


@emits("gelu")
def gelu(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x * Phi(x), or its tanh approximation (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    x = inputs[0]
    if node["approximate"]:
        return tf.nn.gelu(x, approximate=True)
    return 0.5 * x * tf.math.erfc(-x / math.sqrt(2.0))


@emits("clip")
def clip(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x between the minimum and the maximum, where they are given."""
    x = inputs[0]
    if node["minimum"] is not None:
        x = tf.maximum(x, tf.constant(node.number("minimum"), x.dtype))
    if node["maximum"] is not None:
        x = tf.minimum(x, tf.constant(node.number("maximum"), x.dtype))
    return x


@emits("power")
def power(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x to a fixed exponent."""
    return tf.pow(inputs[0], tf.constant(node.number("exponent"), inputs[0].dtype))


@emits("prelu")
def prelu(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """A slope of its own for every channel below zero."""
    x = inputs[0]
    return tf.nn.relu(x) - constants.tensor("alpha") * tf.nn.relu(-x)


@emits("scale_shift")
def scale_shift(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x * scale + shift, a number each for every channel."""
    x = inputs[0]
    if "scale" in constants:
        x = x * constants.tensor("scale")
    return x + constants.tensor("shift") if "shift" in constants else x


@emits("cast")
def cast(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """x in another element type."""
    return tf.cast(inputs[0], NUMPY_DTYPES[str(node["dtype"])])
