"""Recognise an activation: a function of Keras, or a Keras layer given in a function's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from fastism.frontends.keras.calls.call import Step, of_keras, refuse
from fastism.ir.ops import definition

_SAME_NAME = (
    *("relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "tanh", "sigmoid"),
    *("hard_sigmoid", "hard_silu", "log_sigmoid", "softplus", "softsign", "softmax", "log_softmax"),
)

_FUNCTIONS: dict[Callable[..., Any], Step] = {
    **{getattr(keras.activations, name): Step(name) for name in _SAME_NAME},
    keras.activations.exponential: Step("exponential"),
    keras.activations.leaky_relu: Step("relu", {"negative_slope": 0.2}),
    keras.activations.linear: Step("identity"),
}


def activation_step(activation: object) -> Step:
    """The step that applies an activation. Raises NotExpressible for one fastism does not know."""
    if isinstance(activation, keras.Layer):
        return layer_step(activation)
    step = _FUNCTIONS.get(activation) if callable(activation) else None
    if step is None:
        name = getattr(activation, "__name__", type(activation).__name__)
        refuse(f"fastism does not know its activation {name}")
    return step


def layer_step(layer: Any) -> Step:
    """The step of an activation layer without weights. Raises NotExpressible for any other."""
    kind = type(layer) if of_keras(layer) else None
    if kind is keras.layers.ReLU:
        maximum = None if layer.max_value is None else float(layer.max_value)
        slope, threshold = float(layer.negative_slope), float(layer.threshold)
        return Step("relu", {"negative_slope": slope, "max_value": maximum, "threshold": threshold})
    if kind is keras.layers.LeakyReLU:
        return Step("relu", {"negative_slope": float(layer.negative_slope)})
    if kind is keras.layers.ELU:
        return Step("elu", {"alpha": float(layer.alpha)})
    if kind is keras.layers.Activation:
        return activation_step(layer.activation)
    refuse(f"fastism does not know its activation {type(layer).__name__}")


def activation_steps(activation: object) -> list[Step]:
    """An activation as steps of its own: none for a linear one."""
    step = activation_step(activation)
    return [] if step.op == "identity" else [step]


def with_activation(step: Step, activation: object) -> list[Step]:
    """A convolution or dense step, and its activation: as an attribute where it has no options."""
    after = activation_step(activation)
    if after.op == "identity":
        return [step]
    if not after.attributes or dict(after.attributes) == dict(definition(after.op).attributes):
        attributes = {**step.attributes, "activation": after.op}
        return [Step(step.op, attributes, step.constants)]
    return [step, after]
