"""Layers with other weights at each place, which Keras 3 has not."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model


def saved(path: Path, **options: Any) -> Any:
    tf_keras = pytest.importorskip("tf_keras")
    layers = tf_keras.layers
    inputs = layers.Input((20, 4))
    x = layers.Conv1D(3, 3, padding="same")(inputs)
    x = layers.LocallyConnected1D(2, 5, name="local", **options)(x)
    model = tf_keras.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    draws = np.random.default_rng(0)
    model.set_weights([draws.normal(size=w.shape) for w in model.get_weights()])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return model


@pytest.mark.parametrize(
    "options", [{}, {"strides": 2, "activation": "relu"}, {"use_bias": False}], ids=str
)
def test_the_numbers_are_those_of_keras_2(tmp_path: Path, options: dict[str, Any]) -> None:
    model = saved(tmp_path / "a.h5", **options)
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, 20))]
    live = load_model(tmp_path / "a.h5")
    np.testing.assert_allclose(live(x), model(x), rtol=1e-4, atol=1e-5)
    plan = api.compile(tmp_path / "a.h5", sites=[0, 9, 19])
    assert "opaque" not in {node.op for node in plan.stage["canonical"].main.nodes}
    check_plan(plan, live)


def test_another_layout_of_the_weights_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "a.h5", implementation=3)
    with pytest.raises(ModelError, match="its implementation is 3, which is not read"):
        load_model(tmp_path / "a.h5")
