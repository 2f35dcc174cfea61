"""Write ``.h5`` files as Keras 1 and 2 wrote them: a configuration by hand, and arrays by layer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

LENGTH = 12
RANDOM = np.random.default_rng(5)


def draw(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype("float32")


def convolution(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A ``valid`` convolution, by its definition."""
    width = len(kernel)
    windows = np.stack([x[:, i : i + width] for i in range(x.shape[1] - width + 1)], axis=1)
    return np.einsum("nlwc,wcf->nlf", windows, kernel) + bias


def dense(units: int, name: str = "dense_1", **rest: Any) -> tuple[str, dict[str, Any]]:
    config = {"name": name, "units": units, "activation": "linear", "use_bias": True, **rest}
    return "Dense", config


def close(found: Any, expected: np.ndarray) -> None:
    assert np.shape(found) == expected.shape
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-5 * np.abs(expected).max())


Weights = Mapping[str, Sequence[tuple[str, Any]]]


def write_h5(
    path: Path,
    class_name: str,
    config: Any,
    weights: Weights,
    *,
    version: str | None = "2.0.5",
    backend: str | None = "tensorflow",
    whole: bool = True,
) -> Path:
    """A file with the weights of each layer as (name, array); alone if not ``whole``."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if whole else file
        if whole:
            model = {"class_name": class_name, "config": config}
            file.attrs["model_config"] = json.dumps(model).encode()
        for attribute, value in (("keras_version", version), ("backend", backend)):
            if value is not None:
                file.attrs[attribute] = group.attrs[attribute] = value.encode()
        group.attrs["layer_names"] = np.array([name.encode() for name in weights])
        for layer, arrays in weights.items():
            own = group.create_group(layer)
            own.attrs["weight_names"] = np.array([name.encode() for name, _ in arrays], "S")
            for name, array in arrays:
                own[name] = array
    return path


def sequential(*layers: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The configuration of a Sequential as Keras before 2.2.3 wrote it: a list."""
    return [{"class_name": kind, "config": config} for kind, config in layers]


def functional(
    layers: Sequence[tuple[str, dict[str, Any], Any]],
    outputs: Sequence[Any],
    shape: Sequence[int | None],
) -> dict[str, Any]:
    """The configuration of a functional model of one input ``x``: (class, config, calls) each."""
    first = {"batch_input_shape": [None, *shape], "dtype": "float32", "name": "x", "sparse": False}
    parts = [("InputLayer", first, []), *layers]
    return {
        "name": "model_1",
        "layers": [
            {"class_name": kind, "config": own, "name": own["name"], "inbound_nodes": calls}
            for kind, own, calls in parts
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": list(outputs),
    }


def reads(*names: str, **keywords: Any) -> list[Any]:
    """One call of the first results of other layers."""
    return [[name, 0, 0, keywords] for name in names]
