"""The native forms of element-wise ops: what becomes of a vector of every input."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Final, TypeAlias

from fastism.backends.native import circular, functions
from fastism.backends.native.code import Code, Value
from fastism.ir.graph import Node

Constant: TypeAlias = Callable[[str], Value]
"""The numbers of a constant a channel, by its role, for the channels at hand."""

Form: TypeAlias = Callable[[Code, Node, Sequence[Value], Constant], Value]

ELEMENTS: Final[dict[str, Form]] = {}
"""Native forms by op."""


def _unary(op: str, function: Callable[[Code, Value], Value]) -> None:
    ELEMENTS[op] = lambda code, node, inputs, constant: function(code, inputs[0])


def _pairwise(op: str, function: Callable[[Code, Value, Value], Value]) -> None:
    ELEMENTS[op] = lambda code, node, inputs, constant: reduce(
        lambda one, other: function(code, one, other), inputs
    )


def _of(op: str) -> Callable[[Form], Form]:
    def enter(form: Form) -> Form:
        ELEMENTS[op] = form
        return form

    return enter


_pairwise("add", lambda code, one, other: code.build.fadd(one, other))
_pairwise("add_reference", lambda code, one, other: code.build.fadd(one, other))
_pairwise("subtract", lambda code, one, other: code.build.fsub(one, other))
_pairwise("subtract_reference", lambda code, one, other: code.build.fsub(one, other))
_pairwise("multiply", lambda code, one, other: code.build.fmul(one, other))
_pairwise("divide", lambda code, one, other: code.build.fdiv(one, other))
_pairwise("maximum", Code.larger)
_pairwise("minimum", Code.smaller)
_unary("sigmoid", functions.sigmoid)
_unary("tanh", functions.tanh)
_unary("softplus", functions.softplus)
_unary("exponential", functions.exp)
_unary("expm1", functions.expm1)
_unary("erf", functions.erf)
_unary("log", functions.log_of_any)
_unary("log1p", functions.log1p_of_any)
_unary("sin", circular.sin)
_unary("cos", circular.cos)
_unary("absolute", Code.size)
_unary("sqrt", Code.root)
_unary("square", lambda code, x: code.build.fmul(x, x))
_unary("reciprocal", lambda code, x: code.build.fdiv(code.number(1), x))
_unary("silu", lambda code, x: code.build.fmul(x, functions.sigmoid(code, x)))
_unary(
    "mish", lambda code, x: code.build.fmul(x, functions.tanh(code, functions.softplus(code, x)))
)
_unary(
    "log_sigmoid",
    lambda code, x: code.build.fneg(functions.softplus(code, code.build.fneg(x))),
)
_unary(
    "softsign",
    lambda code, x: code.build.fdiv(x, code.build.fadd(code.size(x), code.number(1))),
)
_unary("relu6", lambda code, x: code.smaller(code.larger(x, code.zero), code.number(6)))


def _ramp(code: Code, x: Value) -> Value:
    raised = code.build.fadd(x, code.number(3))
    return code.smaller(code.larger(raised, code.zero), code.number(6))


def _sixth(code: Code, x: Value) -> Value:
    return code.build.fdiv(x, code.number(6))


_unary("hard_sigmoid", lambda code, x: _sixth(code, _ramp(code, x)))
_unary("hard_silu", lambda code, x: _sixth(code, code.build.fmul(x, _ramp(code, x))))


def _where_positive(code: Code, x: Value, above: Value, below: Value) -> Value:
    return code.build.select(code.build.fcmp_ordered(">", x, code.zero), above, below)


_unary("positive", lambda code, x: _where_positive(code, x, code.number(1), code.zero))


@_of("average")
def average(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """The mean of the inputs."""
    total = reduce(code.build.fadd, inputs)
    return code.build.fdiv(total, code.number(len(inputs)))


@_of("relu")
def relu(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x above the threshold, capped; below it, the slope times what is missing."""
    (x,), slope = inputs, node.number("negative_slope")
    threshold, most = node.number("threshold"), node["max_value"]
    if slope == 0 and threshold == 0:
        positive = code.larger(x, code.zero)
        return positive if most is None else code.smaller(positive, code.number(float(most)))  # type: ignore[arg-type]
    over = code.build.fsub(x, code.number(threshold)) if threshold else x
    below = code.build.fmul(over, code.number(slope)) if slope else code.zero
    above = x if most is None else code.smaller(x, code.number(node.number("max_value")))
    return code.build.select(code.build.fcmp_ordered(">", x, code.number(threshold)), above, below)


@_of("elu")
def elu(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x where positive, alpha (exp(x) - 1) elsewhere."""
    below = code.build.fmul(functions.expm1(code, inputs[0]), code.number(node.number("alpha")))
    return _where_positive(code, inputs[0], inputs[0], below)


@_of("celu")
def celu(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x where positive, alpha (exp(x / alpha) - 1) elsewhere."""
    alpha = code.number(node.number("alpha"))
    below = functions.expm1(code, code.build.fdiv(inputs[0], alpha))
    return _where_positive(code, inputs[0], inputs[0], code.build.fmul(below, alpha))


@_of("power")
def power(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x to the power of the exponent."""
    return functions.power(code, inputs[0], node.number("exponent"))


@_of("selu")
def selu(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """The scaled elu of self-normalizing networks (Klambauer et al. 2017)."""
    below = code.build.fmul(functions.expm1(code, inputs[0]), code.number(1.6732632423543772))
    chosen = _where_positive(code, inputs[0], inputs[0], below)
    return code.build.fmul(chosen, code.number(1.0507009873554805))


@_of("gelu")
def gelu(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x times the normal distribution function, or its tanh approximation."""
    build, (x,) = code.build, inputs
    if node["approximate"]:
        cube = build.fmul(build.fmul(x, x), x)
        inner = code.fma(cube, code.number(0.044715), x)
        spread = functions.tanh(code, build.fmul(inner, code.number(math.sqrt(2 / math.pi))))
    else:
        spread = functions.erf(code, build.fmul(x, code.number(math.sqrt(0.5))))
    half = build.fmul(x, code.number(0.5))
    return code.fma(half, spread, half)


@_of("clip")
def clip(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x between the minimum and the maximum, where they are given."""
    (x,) = inputs
    if node["minimum"] is not None:
        x = code.larger(x, code.number(node.number("minimum")))
    return x if node["maximum"] is None else code.smaller(x, code.number(node.number("maximum")))


@_of("select")
def select(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """The second input where the first is not zero, the third elsewhere."""
    chosen = code.build.fcmp_unordered("!=", inputs[0], code.zero)
    return code.build.select(chosen, inputs[1], inputs[2])


@_of("scale_shift")
def scale_shift(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """x times the scale of the channel, plus its shift."""
    (x,) = inputs
    if node.constant("scale") is not None:
        x = code.build.fmul(x, constant("scale"))
    return x if node.constant("shift") is None else code.build.fadd(x, constant("shift"))


@_of("prelu")
def prelu(code: Code, node: Node, inputs: Sequence[Value], constant: Constant) -> Value:
    """alpha x below zero, a slope a channel."""
    below = code.build.fmul(inputs[0], constant("alpha"))
    return _where_positive(code, inputs[0], inputs[0], below)
