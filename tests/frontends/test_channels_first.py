"""Layers over data with its channels in front: the same numbers, and on windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras
from tests.frontends.old_files import sequential, write_h5
from tests.zoo.common import through_xla

L = keras.layers
FIRST = {"data_format": "channels_first"}
Layers = Callable[[], list[Any]]


def conv(filters: int, size: Any, **rest: Any) -> Any:
    return L.Conv2D(filters, size, **FIRST, **rest)


MODELS: Mapping[str, tuple[tuple[int, ...], Layers]] = {
    "a convolution": ((4, 1, 48), lambda: [conv(6, (1, 7)), L.Flatten()]),
    "a stack": (
        (4, 1, 48),
        lambda: [
            conv(6, (1, 7), activation="relu"),
            L.MaxPooling2D((1, 3), **FIRST),
            L.Dropout(0.1),
            conv(5, (1, 3), padding="same"),
            L.BatchNormalization(axis=1),
            L.Activation("relu"),
            L.AveragePooling2D((1, 2), **FIRST),
            L.Flatten(),
        ],
    ),
    "pooled whole": ((4, 1, 48), lambda: [conv(6, (1, 7)), L.GlobalMaxPooling2D(**FIRST)]),
    "the length second": (
        (4, 48, 1),
        lambda: [conv(6, (7, 1)), L.MaxPooling2D((2, 1), **FIRST), L.Flatten()],
    ),
    "flattened as it says": ((4, 1, 48), lambda: [conv(6, (1, 7)), L.Flatten(**FIRST)]),
    "one axis": (
        (4, 48),
        lambda: [
            L.Conv1D(5, 5, **FIRST),
            L.MaxPooling1D(2, **FIRST),
            L.Conv1D(3, 3, padding="same", **FIRST),
            L.Flatten(),
        ],
    ),
}
MOVES = {"opaque", "permute"}


@pytest.mark.parametrize("name", MODELS)
def test_the_numbers_and_the_windows(name: str) -> None:
    shape, layers = MODELS[name]
    x = inputs = keras.Input(shape)
    for layer in layers():
        x = layer(x)
    model = keras.Model(inputs, L.Dense(1)(x))
    draws = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(draws.uniform(0.1, 0.6, weight.shape))
    plan = api.compile(model, sites=[0, 10, 20, 47])
    ops = {node.op for node in plan.stage["canonical"].main.nodes}
    assert not ops & MOVES
    through_xla(model)
    assert check_plan(plan, model).items == 16
    (taken,) = plan.module.inputs
    assert taken.turned
    assert taken.shape == shape
    x = np.eye(4, dtype="float32")[draws.integers(0, 4, (2, 48))]
    expected = model(np.swapaxes(x, 1, 2).reshape(2, *shape))
    np.testing.assert_allclose(plan(x).reference, expected, rtol=1e-5)


def test_a_file_of_theano(tmp_path: Path) -> None:
    """Of Keras 1: the channels in front, kernels of outputs first, and read backwards."""
    kernel = np.random.default_rng(0).normal(size=(6, 4, 1, 7)).astype("float32")
    own = {
        "name": "c",
        "nb_filter": 6,
        "nb_row": 1,
        "nb_col": 7,
        "dim_ordering": "th",
        "border_mode": "valid",
        "activation": "relu",
        "batch_input_shape": [None, 4, 1, 48],
    }
    config = sequential(
        ("Convolution2D", own), ("GlobalMaxPooling2D", {"name": "g", "dim_ordering": "th"})
    )
    weights = {"c": [("c_W", kernel), ("c_b", np.ones(6, "float32"))]}
    path = write_h5(
        tmp_path / "a.h5", "Sequential", config, weights, version="1.2.2", backend="theano"
    )
    plan = api.compile(path, sites=[5])
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, 48))]
    windows = np.lib.stride_tricks.sliding_window_view(x, 7, axis=1)  # (N, P, C, 7)
    expected = np.einsum("npcw,fcw->npf", windows, kernel[:, :, 0, ::-1]).max(axis=1) + 1
    np.testing.assert_allclose(plan(x).reference, np.maximum(expected, 0), rtol=1e-4)
    assert load_model(path).input_shape == (None, 4, 1, 48)
