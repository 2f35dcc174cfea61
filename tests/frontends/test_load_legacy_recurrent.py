"""Recurrent layers of Keras 1 and 2, against their definitions: old gates, gates apart, cuDNN's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fastism import api
from fastism.frontends.keras.files.load import load_model
from tests.frontends.old_files import LENGTH, close, draw, sequential, write_h5


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def old_hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def lstm(x: np.ndarray, weights: list[np.ndarray], gate: Any) -> np.ndarray:
    """The last state of an LSTM with the gates i, f, c, o."""
    kernel, recurrent, bias = weights
    h = c = np.zeros((len(x), len(recurrent)), "float32")
    for step in x.swapaxes(0, 1):
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = gate(f) * c + gate(i) * np.tanh(g)
        h = gate(o) * np.tanh(c)
    return h


def gru(x: np.ndarray, weights: list[np.ndarray], gate: Any) -> np.ndarray:
    """The last state of a GRU with the gates z, r, h, the reset before the product."""
    kernel, recurrent, bias = weights
    units = len(recurrent)
    h = np.zeros((len(x), units), "float32")
    for step in x.swapaxes(0, 1):
        z, r, new = np.split(step @ kernel + bias, 3, axis=-1)
        z = gate(z + h @ recurrent[:, :units])
        r = gate(r + h @ recurrent[:, units : 2 * units])
        h = z * h + (1 - z) * np.tanh(new + (r * h) @ recurrent[:, 2 * units :])
    return h


def recurrent_file(path: Path, kind: str, arrays: list[np.ndarray], **config: Any) -> Path:
    own = {"name": "r", "units": 3, "batch_input_shape": [None, LENGTH, 4], **config}
    weights = {"r": [(f"r/{index}:0", array) for index, array in enumerate(arrays)]}
    return write_h5(path, "Sequential", sequential((kind, own)), weights)


def test_old_gates_have_the_old_hard_sigmoid(tmp_path: Path) -> None:
    """Keras 3 gives another function that name; numbers loaded under it would be wrong."""
    arrays = [draw(4, 12), draw(3, 12), draw(12)]
    x = draw(2, LENGTH, 4)
    path = recurrent_file(
        tmp_path / "a.h5", "LSTM", arrays, recurrent_activation="hard_sigmoid", implementation=1
    )
    close(load_model(path)(x), lstm(x, arrays, old_hard_sigmoid))
    assert np.abs(lstm(x, arrays, old_hard_sigmoid) - lstm(x, arrays, sigmoid)).max() > 1e-3
    path = recurrent_file(tmp_path / "b.h5", "LSTM", arrays, recurrent_activation="sigmoid")
    close(load_model(path)(x), lstm(x, arrays, sigmoid))
    arrays = [draw(4, 9), draw(3, 9), draw(9)]  # a GRU that says nothing of reset_after
    close(
        load_model(recurrent_file(tmp_path / "c.h5", "GRU", arrays))(x),
        gru(x, arrays, old_hard_sigmoid),
    )


def test_the_old_hard_sigmoid_survives_in_a_plan(tmp_path: Path) -> None:
    arrays = [draw(4, 12), draw(3, 12), draw(12)]
    path = recurrent_file(tmp_path / "a.h5", "LSTM", arrays, recurrent_activation="hard_sigmoid")
    api.compile(path, sites=[0, 5, LENGTH - 1]).save(tmp_path / "plan")
    x = np.eye(4, dtype="float32")[np.random.default_rng(5).integers(0, 4, (1, LENGTH))]
    scores = api.load(tmp_path / "plan")(x)
    close(scores.reference, lstm(x, arrays, old_hard_sigmoid))
    mutant = x.copy()
    mutant[0, LENGTH - 1] = np.eye(4)[2]
    close(scores.alternate[:, 2, 2], lstm(mutant, arrays, old_hard_sigmoid))


def test_keras_1_keeps_gates_apart(tmp_path: Path) -> None:
    arrays = [draw(4, 12), draw(3, 12), draw(12)]
    parts = [np.split(array, 4, axis=-1) for array in arrays]
    saved = [part[gate] for gate in (0, 2, 1, 3) for part in parts]
    x = draw(2, LENGTH, 4)
    path = recurrent_file(tmp_path / "a.h5", "LSTM", saved, inner_activation="hard_sigmoid")
    close(load_model(path)(x), lstm(x, arrays, old_hard_sigmoid))


def test_cudnn_weights_are_transposed(tmp_path: Path) -> None:
    arrays = [draw(4, 12), draw(3, 12), draw(12)]
    kernel = np.hstack(
        [part.reshape(-1, order="F").reshape(4, 3) for part in np.split(arrays[0], 4, axis=1)]
    )
    recurrent = np.hstack([part.T for part in np.split(arrays[1], 4, axis=1)])
    other = draw(12)
    saved = [kernel, recurrent, np.concatenate([arrays[2] - other, other])]
    inner = {"class_name": "CuDNNLSTM", "config": {"name": "l", "units": 3}}
    own = {"name": "b", "layer": inner, "merge_mode": "concat"}
    weights = {"b": [(f"{i}:0", array) for i, array in enumerate([*saved, *saved])]}
    config = sequential(("Bidirectional", {**own, "batch_input_shape": [None, LENGTH, 4]}))
    path = write_h5(tmp_path / "old.h5", "Sequential", config, weights, version="2.2.4")
    x = draw(2, LENGTH, 4)
    ends = [lstm(x, arrays, sigmoid), lstm(x[:, ::-1], arrays, sigmoid)]
    close(load_model(path)(x), np.concatenate(ends, axis=-1))
