"""Activations, scale and shift, softmax and layer normalization over channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.backends.onnx.types import ELEMENT_TYPES
from fastism.ir.graph import Node

DIRECT = {
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "hard_silu": "HardSwish",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "exponential": "Exp",
    "log": "Log",
    "absolute": "Abs",
    "sqrt": "Sqrt",
    "sin": "Sin",
    "cos": "Cos",
    "reciprocal": "Reciprocal",
    "tan": "Tan",
    "arctan": "Atan",
    "sinh": "Sinh",
    "cosh": "Cosh",
    "arcsinh": "Asinh",
    "erf": "Erf",
    "floor": "Floor",
    "ceil": "Ceil",
    "round": "Round",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}
"""Ops that ONNX has by another name, its defaults those of the IR."""

COMPOSED: dict[str, Callable[[Writer, str], str]] = {
    "silu": lambda w, x: w.add("Mul", x, w.add("Sigmoid", x)),
    "mish": lambda w, x: w.add("Mul", x, w.add("Tanh", w.add("Softplus", x))),
    "log_sigmoid": lambda w, x: w.add("Neg", w.add("Softplus", w.add("Neg", x))),
    "relu6": lambda w, x: w.add("Clip", x, w.number(0.0), w.number(6.0)),
    "log1p": lambda w, x: w.add("Log", w.add("Add", x, w.number(1.0))),
    "expm1": lambda w, x: w.add("Sub", w.add("Exp", x), w.number(1.0)),
    "square": lambda w, x: w.add("Mul", x, x),
    "hard_sigmoid": lambda w, x: w.add("HardSigmoid", x, alpha=1 / 6, beta=0.5),
    "positive": lambda w, x: w.add(
        "Where", w.add("Greater", x, w.number(0.0)), w.number(1.0), w.number(0.0)
    ),
}
"""Ops without attributes that take several nodes, or ONNX attributes of their own."""


def _direct(name: str, op: str) -> None:
    writes(name)(lambda writer, node, inputs: writer.add(op, inputs[0]))


def _composed(name: str, compose: Callable[[Writer, str], str]) -> None:
    writes(name)(lambda writer, node, inputs: compose(writer, inputs[0]))


for _name, _op in DIRECT.items():
    _direct(_name, _op)
for _name, _compose in COMPOSED.items():
    _composed(_name, _compose)


@writes("relu")
def relu(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Relu, LeakyRelu or Clip where they suffice; else both sides of the threshold, chosen."""
    (x,) = inputs
    slope, threshold = node.number("negative_slope"), node.number("threshold")
    most = None if node["max_value"] is None else writer.number(node.number("max_value"))
    if threshold == 0.0 and most is None:
        return writer.add("LeakyRelu", x, alpha=slope) if slope else writer.add("Relu", x)
    if threshold == 0.0 and slope == 0.0:
        return writer.add("Clip", x, writer.number(0.0), str(most))
    edge = writer.number(threshold)
    above = x if most is None else writer.add("Min", x, most)
    below = writer.add("Mul", writer.add("Sub", x, edge), writer.number(slope))
    return writer.add("Where", writer.add("Greater", x, edge), above, below)


@writes("elu")
def elu(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Elu."""
    return writer.add("Elu", inputs[0], alpha=node.number("alpha"))


@writes("celu")
def celu(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Celu."""
    return writer.add("Celu", inputs[0], alpha=node.number("alpha"))


@writes("gelu")
def gelu(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """x * (1 + erf(x / sqrt(2))) / 2, or tanh in the place of erf."""
    (x,), one = inputs, writer.number(1.0)
    if node["approximate"]:
        square = writer.add("Mul", x, x)
        bend = writer.add("Add", writer.add("Mul", square, writer.number(0.044715)), one)
        straight = writer.add("Mul", x, writer.number(math.sqrt(2 / math.pi)))
        gate = writer.add("Tanh", writer.add("Mul", straight, bend))
    else:
        gate = writer.add("Erf", writer.add("Mul", x, writer.number(math.sqrt(0.5))))
    half = writer.add("Mul", x, writer.number(0.5))
    return writer.add("Mul", half, writer.add("Add", gate, one))


@writes("clip")
def clip(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Max and Min, each where it is given."""
    (x,) = inputs
    if node["minimum"] is not None:
        x = writer.add("Max", x, writer.number(node.number("minimum")))
    if node["maximum"] is not None:
        x = writer.add("Min", x, writer.number(node.number("maximum")))
    return x


@writes("power")
def power(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Pow."""
    return writer.add("Pow", inputs[0], writer.number(node.number("exponent")))


@writes("prelu")
def prelu(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """PRelu, a slope for every channel."""
    return writer.add("PRelu", inputs[0], writer.weight("alpha"))


@writes("scale_shift")
def scale_shift(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Mul, Add."""
    (x,) = inputs
    if writer.has("scale"):
        x = writer.add("Mul", x, writer.weight("scale"))
    return writer.add("Add", x, writer.weight("shift")) if writer.has("shift") else x


@writes("layer_norm")
def layer_norm(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """LayerNormalization over the last axis; its scale is not optional."""
    parameters = [
        writer.weight("gamma")
        if writer.has("gamma")
        else writer.number(np.ones(writer.input_type().channels))
    ]
    parameters += [writer.weight("beta")] if writer.has("beta") else []
    epsilon = node.number("epsilon")
    return writer.add("LayerNormalization", inputs[0], *parameters, axis=-1, epsilon=epsilon)


@writes("cast")
def cast(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Cast, to the element type the node states."""
    return writer.add("Cast", inputs[0], to=ELEMENT_TYPES[str(node["dtype"])])
