"""Activation layers, and the activation functions that are written with several ops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.frontends.keras.calls.activation import layer_step
from fastism.frontends.keras.calls.call import Call, Step, array, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers import reductions
from fastism.frontends.keras.handlers.reductions import axes_of


@handles("layers.Activation", "layers.ReLU", "layers.LeakyReLU", "layers.ELU")
def activation(call: Call) -> Sequence[Step]:
    return [layer_step(call.operation)]


@handles("layers.Softmax", "ops.Softmax", "ops.LogSoftmax")
def softmax(call: Call) -> Sequence[Step]:
    """One op over the channels; over the positions, a mean of the whole length by every one."""
    operation, type = call.operation, call.type
    log, axes = call.kind == "LogSoftmax", axes_of(operation.axis, type.rank)
    if axes == (type.rank - 1,):
        return [Step("log_softmax" if log else "softmax")]
    composer = Composer([type])
    reductions.softmax(composer, 0, axes, log=log)
    return composer.steps


@handles("layers.PReLU")
def prelu(call: Call) -> Sequence[Step]:
    """A slope for every channel, or for every position as well."""
    alpha, type = array(call.operation.alpha), call.type
    if all(extent == 1 for extent in alpha.shape[:-1]):
        return [Step("prelu", {}, {"alpha": np.broadcast_to(alpha.reshape(-1), (type.channels,))})]
    composer = Composer([type])
    below = composer.add("clip", 0, attributes={"maximum": 0.0})
    composer.add("add", composer.add("relu", 0), composer.affine(below, scale=alpha))
    return composer.steps


@handles("ops.HardTanh")
def hard_tanh(call: Call) -> Sequence[Step]:
    return [Step("clip", {"minimum": -1.0, "maximum": 1.0})]


@handles("ops.SparseSigmoid")
def sparse_sigmoid(call: Call) -> Sequence[Step]:
    """A ramp from 0 at -1 to 1 at 1."""
    composer = Composer([call.type])
    ramp = composer.add("clip", 0, attributes={"minimum": -1.0, "maximum": 1.0})
    composer.affine(ramp, scale=0.5, shift=0.5)
    return composer.steps


@handles("ops.SparsePlus")
def sparse_plus(call: Call) -> Sequence[Step]:
    """The ramp's integral: 0, a parabola, then the line."""
    composer = Composer([call.type])
    ramp = composer.add("clip", 0, attributes={"minimum": -1.0, "maximum": 1.0})
    parabola = composer.add("square", composer.affine(ramp, scale=0.5, shift=0.5))
    line = composer.add("relu", composer.affine(0, shift=-1.0))
    composer.add("add", parabola, line)
    return composer.steps


@handles("ops.SoftShrink")
def soft_shrink(call: Call) -> Sequence[Step]:
    """What is left beyond the threshold."""
    most, composer = float(call.operation.threshold), Composer([call.type])
    near = composer.add("clip", 0, attributes={"minimum": -most, "maximum": most})
    composer.add("subtract", 0, near)
    return composer.steps


@handles("ops.HardShrink")
def hard_shrink(call: Call) -> Sequence[Step]:
    """Zero near zero."""
    composer = Composer([call.type])
    beyond = composer.affine(composer.add("absolute", 0), shift=-float(call.operation.threshold))
    far = composer.add("positive", beyond)
    composer.add("select", far, 0, composer.constant(0.0, 0))
    return composer.steps


@handles("ops.Threshold")
def threshold(call: Call) -> Sequence[Step]:
    """A constant up to the threshold."""
    operation, composer = call.operation, Composer([call.type])
    above = composer.add("positive", composer.affine(0, shift=-float(operation.threshold)))
    composer.add("select", above, 0, composer.constant(operation.default_value, 0))
    return composer.steps


@handles("ops.TanhShrink")
def tanh_shrink(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    composer.add("subtract", 0, composer.add("tanh", 0))
    return composer.steps


@handles("ops.Squareplus")
def squareplus(call: Call) -> Sequence[Step]:
    """``(x + sqrt(x**2 + b)) / 2``."""
    composer = Composer([call.type])
    square = composer.affine(composer.add("square", 0), shift=float(call.operation.b))
    total = composer.add("add", 0, composer.add("sqrt", square))
    composer.affine(total, scale=0.5)
    return composer.steps


@handles("ops.Glu")
def gated(call: Call) -> Sequence[Step]:
    """The first half of the channels, gated by the second."""
    if axes_of(call.operation.axis, call.type.rank) != (call.type.rank - 1,):
        refuse(f"its axis is {call.operation.axis}")
    half, composer = call.type.channels // 2, Composer([call.type])
    value = composer.add("slice_channels", 0, attributes={"start": 0, "stop": half, "step": 1})
    gate = composer.add("slice_channels", 0, attributes={"start": half, "stop": None, "step": 1})
    composer.add("multiply", value, composer.add("sigmoid", gate))
    return composer.steps
