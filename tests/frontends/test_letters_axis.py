"""Inputs with their letters and positions on any axes: read aright, and on windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.errors import InputError, ModelError
from fastism.quiet import keras
from tests.zoo.common import through_xla

L = keras.layers
LENGTH = 48
FIRST = {"data_format": "channels_first"}


def conv(filters: int, size: Any, **rest: Any) -> Any:
    return L.Conv2D(filters, size, activation="relu", **rest)


MODELS: Mapping[str, tuple[tuple[int | None, ...], Callable[[], list[Any]]]] = {
    "letters, positions, in front": (
        (1, 4, LENGTH),
        lambda: [
            conv(6, (4, 7), **FIRST),
            conv(5, (1, 5), **FIRST),
            L.MaxPooling2D((1, 4), **FIRST),
        ],
    ),
    "positions, letters, in front": (
        (1, LENGTH, 4),
        lambda: [conv(6, (7, 4), **FIRST), L.MaxPooling2D((4, 1), **FIRST)],
    ),
    "letters, positions": (
        (4, LENGTH, 1),
        lambda: [conv(6, (4, 7)), L.BatchNormalization(), conv(5, (1, 5)), L.MaxPooling2D((1, 4))],
    ),
    "letters, positions, some letters at a time": (
        (4, LENGTH, 1),
        lambda: [
            conv(6, (2, 7), padding="same"),
            L.BatchNormalization(),
            L.MaxPooling2D((2, 4)),
            conv(5, (2, 3)),
        ],
    ),
    "positions, letters": ((LENGTH, 4, 1), lambda: [conv(6, (7, 4)), L.MaxPooling2D((4, 1))]),
    "letters, positions, turned by the model": (
        (4, LENGTH),
        lambda: [L.Permute((2, 1)), L.Conv1D(6, 7, activation="relu")],
    ),
    "letters, any positions": ((4, None, 1), lambda: [conv(6, (4, 7)), L.GlobalMaxPooling2D()]),
}


def model_of(shape: tuple[int | None, ...], layers: list[Any]) -> Any:
    x = inputs = keras.Input(shape)
    for layer in [*layers, *([] if None in shape else [L.Flatten()]), L.Dense(1)]:
        x = layer(x)
    model, draws = keras.Model(inputs, x), np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(draws.uniform(0.1, 0.6, weight.shape))
    return model


@pytest.mark.parametrize("name", MODELS)
def test_the_numbers_and_the_windows(name: str) -> None:
    shape, layers = MODELS[name]
    model = model_of(shape, layers())
    plan = api.compile(model, sites=[0, 20, 47], length=LENGTH)
    assert not {"opaque", "permute"} & {node.op for node in plan.stage["canonical"].main.nodes}
    if name.endswith("in front"):
        through_xla(model)
    assert check_plan(plan, model).items == 12
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, LENGTH))]
    turned = name.startswith("letters")
    assert [taken.turned for taken in plan.module.inputs] == [turned]
    own = np.swapaxes(x, 1, 2) if turned else x
    given = own.reshape(2, *(LENGTH if extent is None else extent for extent in shape))
    np.testing.assert_allclose(plan(x).reference, model(given), rtol=1e-5)


def test_a_model_that_is_run_whole() -> None:
    class Loop(keras.Model):
        """A loop, which stays live."""

        def call(self, x: Any) -> Any:
            looped = keras.ops.fori_loop(0, 3, lambda _, y: 0.5 * y + x, x)
            return keras.ops.sum(looped**2, axis=(1, 2))

    model = Loop()
    model(np.zeros((1, 4, LENGTH, 1), "float32"))
    plan = api.compile(model, sites=[3])
    assert [node.op for node in plan.stage["canonical"].main.nodes][-1] == "opaque"
    assert plan.module.inputs[0].turned
    check_plan(plan, model)


@pytest.mark.parametrize(("length", "turned"), [(LENGTH, True), (4, False)])
def test_the_length_tells_the_axis_where_nothing_else_does(length: int, turned: bool) -> None:
    model = model_of((4, LENGTH), [L.Flatten(), L.Dense(3, activation="relu")])
    with pytest.raises(ModelError, match=r"4 letters at 48 positions\n.*length=48 or length=4"):
        api.compile(model)
    plan = api.compile(model, length=length, sites=[1])
    assert [taken.turned for taken in plan.module.inputs] == ([True] if turned else [])
    assert plan.module.main.values[plan.module.seq_input].type.length == length
    check_plan(plan, model)


def test_a_length_that_is_the_number_of_letters_is_a_wrong_one() -> None:
    model = model_of((LENGTH, 20), [L.Conv1D(3, 5), L.Flatten()])
    with pytest.raises(InputError, match=f"sequences of {LENGTH} positions, not 20"):
        api.compile(model, length=20)
