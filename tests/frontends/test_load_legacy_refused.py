"""Files of Keras 1 and 2 that cannot be rebuilt, or hold weights alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import pytest

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras
from tests.frontends.old_files import (
    LENGTH,
    close,
    convolution,
    dense,
    draw,
    functional,
    reads,
    sequential,
    write_h5,
)

REFUSALS = [
    (("TFOpLambda", {"name": "t", "function": "signal.fft"}), "it calls tf.signal.fft"),
    (("TensorFlowOpLayer", {"name": "t", "node_def": {"op": "FFT"}}), "of the kind FFT"),
    (("TensorFlowOpLayer", {"name": "t", "node_def": "\n\u0003add"}), "node in binary"),
    (("Attention2", {"name": "t"}), "it uses Attention2, which is not part of Keras"),
    (("Merge", {"name": "t", "mode": "cos"}), "Merge with mode 'cos' has no counterpart"),
    (("Conv1D", {"name": "t", "filters": 2, "kernel_size": 3, "new": 1}), "{'new': 1}"),
    (("BatchNormalization", {"name": "t", "mode": 2}), "{'mode': 2}"),
    (("LSTM", {"name": "t", "units": 2, "stateful": True}), "weights"),
]


@pytest.mark.parametrize(("layer", "why"), REFUSALS, ids=[layer[0] for layer, _ in REFUSALS])
def test_what_cannot_be_rebuilt_is_named(tmp_path: Path, layer: Any, why: str) -> None:
    config = functional([(*layer, [reads("x")])], [["t", 0, 0]], [LENGTH, 4])
    path = write_h5(tmp_path / "old.h5", "Model", config, {})
    with pytest.raises(ModelError) as caught:
        load_model(path)
    assert why in str(caught.value)
    assert "keras/src" not in str(caught.value)


def test_weights_that_do_not_fit_are_shown(tmp_path: Path) -> None:
    config = sequential(dense(2, batch_input_shape=[None, 4]))
    path = write_h5(
        tmp_path / "a.h5", "Sequential", config, {"dense_1": [("k", draw(3, 2)), ("b", draw(2))]}
    )
    with pytest.raises(ModelError, match=r"have the shapes \(4, 2\), \(2,\), the file's \(3, 2\)"):
        load_model(path)
    path = write_h5(tmp_path / "b.h5", "Sequential", config, {})
    with pytest.raises(ModelError, match="1 layers have weights"):
        load_model(path)


@pytest.mark.parametrize(
    "config", [{"config": []}, {"class_name": "Model", "config": {"layers": 3}}]
)
def test_a_configuration_of_something_else(tmp_path: Path, config: Any) -> None:
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ModelError, match="not one of Keras's"):
        load_model(path)


def test_weights_alone_fill_an_architecture(tmp_path: Path) -> None:
    def build() -> keras.Model:
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((LENGTH, 4)), layers.Conv1D(3, 5, name="c"), layers.GlobalMaxPooling1D()]
        )

    kernel, bias, x = draw(5, 4, 3), draw(3), draw(2, LENGTH, 4)
    expected = convolution(x, kernel, bias).max(axis=1)
    weights = {"c": [("c/kernel:0", kernel[::-1]), ("c/bias:0", bias)]}
    path = write_h5(tmp_path / "old.h5", "", {}, weights, backend="theano", whole=False)
    with pytest.raises(ModelError, match="weights without a model"):
        load_model(path)
    model = load_model(path, architecture=build)
    close(model(x), expected)
    model.save_weights(tmp_path / "new.weights.h5")
    model.save(tmp_path / "new.keras")
    for name in ("new.weights.h5", "new.keras"):
        close(load_model(tmp_path / name, architecture=build)(x), expected)
    plan = api.compile(path, architecture=build, sites=[0, 6, 11])
    assert plan.module.model == "old.h5"


def test_an_architecture_that_is_none(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "old.h5", "", {}, {"c": []}, whole=False)
    with pytest.raises(ModelError, match="returned no model"):
        load_model(path, architecture=lambda: 3)  # type: ignore[arg-type, return-value]
    with pytest.raises(ModelError, match="ZeroDivisionError"):
        load_model(path, architecture=lambda: 1 / 0)  # type: ignore[arg-type, return-value]
