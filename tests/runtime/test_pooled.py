"""Squeeze and excite, and contexts that are added: what follows is not made anew where it need not.

Scores are held against the model at every site, both edges included.
"""

from __future__ import annotations

from typing import Any

import keras
import pytest

from fastism import api
from fastism.ir.ops import definition
from fastism.runtime.inputs import random_inputs
from tests.compare import assert_matches_model
from tests.runtime.functions import Function, model_of

layers, ops = keras.layers, keras.ops


def excited(x: Any, activation: str = "sigmoid") -> Any:
    """Every channel times what the means of all say of it."""
    means = layers.GlobalAveragePooling1D(keepdims=True)(x)
    return layers.Multiply()([x, layers.Dense(x.shape[-1], activation=activation)(means)])


def with_context(x: Any) -> Any:
    """A vector that knows all positions, added to each."""
    most = layers.GlobalMaxPooling1D(keepdims=True)(x)
    return layers.Add()([x, layers.Dense(x.shape[-1], activation="tanh")(most)])


def mean(x: Any) -> Any:
    return layers.GlobalAveragePooling1D()(x)


def convolved(x: Any, width: int = 5, **options: Any) -> Any:
    return layers.Conv1D(3, width, **{"padding": "same", **options})(x)


def channels_apart(x: Any) -> Any:
    x = layers.DepthwiseConv1D(3, padding="same")(layers.Cropping1D((2, 1))(excited(x)))
    return layers.GlobalMaxPooling1D()(layers.UpSampling1D(2)(layers.AveragePooling1D(2)(x)))


def residual(x: Any) -> Any:
    return mean(layers.Add()([x, excited(layers.Conv1D(4, 3, padding="same")(x))]))


def one_gate(x: Any) -> Any:
    """One number scales all channels: even convolutions keep it."""
    gate = layers.Dense(1, activation="sigmoid")(layers.GlobalMaxPooling1D(keepdims=True)(x))
    return layers.GlobalMaxPooling1D()(convolved(x * gate))


FULLY: dict[str, Function] = {
    "mean": lambda x: mean(excited(x)),
    "mean_of_mixed": lambda x: mean(layers.BatchNormalization()(convolved(excited(x), 1))),
    "sum_of_mixed": lambda x: ops.sum(convolved(with_context(x), 1), axis=1),
    "relu_and_pools": lambda x: ops.max(layers.MaxPooling1D(3)(ops.relu(excited(x))), axis=1),
    "most_of_shifted": lambda x: ops.max(layers.MaxPooling1D(2)(with_context(x)), axis=1),
    "valid": lambda x: ops.max(convolved(with_context(x), padding="valid"), axis=1),
    "strided": lambda x: mean(convolved(with_context(x), 6, strides=3)),
    "dilated": lambda x: mean(convolved(with_context(x), 3, dilation_rate=3)),
    "causal": lambda x: mean(convolved(with_context(x), 4, padding="causal")),
    "repeated": lambda x: mean(x + layers.RepeatVector(x.shape[1])(ops.max(x, axis=1))),
    "channels_apart": channels_apart,
    "residual": residual,
    "one_gate": one_gate,
}


FULLY["dense"] = lambda x: layers.Dense(3)(layers.Flatten()(excited(x)))
FULLY["dense_without_bias"] = lambda x: layers.Dense(3, use_bias=False)(
    layers.Flatten()(layers.MaxPooling1D(2)(ops.relu(excited(x))))
)


def two_dense(x: Any) -> Any:
    flat = layers.Flatten()(excited(x, "tanh"))
    return layers.Concatenate()([layers.Dense(3)(flat), layers.Dense(2)(flat)])


FULLY["two_dense"] = two_dense


def attended(x: Any, *, units: int = 1, steep: float = 1.0, **options: Any) -> Any:
    """The mean of all positions, weighed by a softmax of scores over them."""
    scores = steep * layers.Dense(units)(layers.Conv1D(3, 5, padding="same")(x))
    return ops.sum(x * ops.softmax(scores, axis=1), axis=1, **options)


def attended_twice(x: Any) -> Any:
    """Two pools of the same values, and one whose scores are the values."""
    own = ops.sum(x * ops.softmax(x, axis=1), axis=1)
    return ops.concatenate([attended(x), attended(x, units=4), own], axis=-1)


def attended_by_layers(x: Any) -> Any:
    """As it was written before there was a layer for it: one score, repeated for all channels."""
    scores = layers.Flatten()(layers.Dense(1, activation="tanh")(x))
    weights = layers.RepeatVector(x.shape[-1])(layers.Activation("softmax")(scores))
    return ops.mean(layers.Multiply()([x, layers.Permute((2, 1))(weights)]), axis=1)


def attended_by_powers(x: Any) -> Any:
    """A softmax written out, with a constant against a division by zero."""
    powers = ops.exp(layers.Dense(1)(x))
    return ops.sum(x * (powers / (ops.sum(powers, axis=1, keepdims=True) + 0.1)), axis=1)


def attended_apart(x: Any) -> Any:
    """Scores that change where no value does: a crop of the values."""
    scores = layers.Cropping1D(3)(layers.Conv1D(1, 7, padding="same")(x))
    return ops.sum(layers.Cropping1D(3)(x) * ops.softmax(scores, axis=1), axis=1)


FULLY |= {
    "attended": attended,
    "attended_by_channel": lambda x: attended(x, units=4),
    "attended_steeply": lambda x: attended(x, units=4, steep=60.0),
    "attended_and_kept": lambda x: layers.Flatten()(attended(x, keepdims=True)),
    "attended_twice": attended_twice,
    "attended_by_layers": attended_by_layers,
    "attended_by_powers": attended_by_powers,
    "attended_apart": attended_apart,
}


def beside(x: Any) -> Any:
    """Two vectors that know all positions, beside the channels of each."""
    vectors = (ops.max(x, axis=1), layers.Dense(2)(mean(x)))
    rows = [layers.RepeatVector(x.shape[1])(vector) for vector in vectors]
    return layers.Concatenate()([rows[0], x, rows[1]])


FULLY |= {
    "beside": lambda x: mean(convolved(beside(x))),
    "beside_mixed": lambda x: mean(convolved(beside(x), 1)),
    "beside_and_strided": lambda x: mean(convolved(beside(x), 6, strides=3)),
}

ANEW: dict[str, tuple[Function, list[str]]] = {
    "convolution_of_scaled": (lambda x: convolved(excited(x)), ["conv1d", "after"]),
    "bent": (lambda x: convolved(ops.silu(excited(x))), ["conv1d", "after"]),
    "bent_by_relu": (lambda x: convolved(ops.relu(excited(x, "tanh"))), ["conv1d", "after"]),
    "bent_by_relu_from_above": (lambda x: convolved(ops.relu(excited(x))), ["conv1d", "after"]),
    "beside": (lambda x: ops.relu(convolved(beside(x))), ["after"]),
    "shifted": (lambda x: ops.relu(convolved(with_context(x), 4)), ["after"]),
    "shifted_and_strided": (
        lambda x: ops.relu(convolved(layers.BatchNormalization()(with_context(x)), 4, strides=2)),
        ["after"],
    ),
    "twice": (lambda x: ops.relu(convolved(excited(with_context(x)))), ["conv1d", "after"]),
}
"""Convolutions over all positions that the arithmetic asks for, or that no rule saves."""


def made_anew(function: Function) -> list[str]:
    """Products over many positions that are run whole, once the scores were held to the model's."""
    plan = api.compile(model := model_of(function), backend="reference")
    assert_matches_model(plan, model, random_inputs(plan.module.main))
    nodes = plan.stage["segmented"].main.nodes
    whole = [node for node in nodes if node.mode == "whole" and node.type.length > 10]
    made = [node.name for node in whole if definition(node.op).products]
    return made + [node.op for node in nodes if node.mode == "whole" and node.op == "softmax_pool"]


@pytest.mark.parametrize("name", FULLY)
def test_nothing_is_made_anew(name: str) -> None:
    assert made_anew(FULLY[name]) == []


@pytest.mark.parametrize("name", ANEW)
def test_what_is_made_anew(name: str) -> None:
    function, names = ANEW[name]
    assert made_anew(function) == names


@pytest.mark.parametrize(
    ("length", "channels", "units", "leaves"), [(64, 16, 32, True), (16, 120, 256, False)]
)
def test_sums_by_channel_are_weighed_where_they_are_less_than_the_layer(
    length: int, channels: int, units: int, leaves: bool
) -> None:
    """Few positions of many channels: each pair would read more sums than the layer has weights."""
    inputs = keras.Input((length, 4))
    x = layers.Conv1D(channels, 3, padding="same", activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(units)(layers.Flatten()(excited(x))))
    nodes = api.compile(model, sites=[5]).stage["segmented"].main.nodes
    (dense,) = (node for node in nodes if node.op == "dense" and node.type.channels == units)
    assert dense.mode == ("exit" if leaves else "whole")
