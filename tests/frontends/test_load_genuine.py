"""Files that Keras 1.2.2, 2.0.5, 2.2.4 and TensorFlow 1.15.5 wrote, and what they predicted.

The cudnn file is Keras 2.2.4's with its own conversion to CuDNNLSTM and CuDNNGRU applied. Beside
each file are its inputs ``x`` and the outputs ``y0``, ``y1`` of the Keras that wrote it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model

FILES = sorted((Path(__file__).parent / "genuine").glob("*.h5"))
THEANO = [path for path in FILES if "two_dimensional" in path.name and "theano" in path.name]


def check(path: Path, recorded: Path) -> None:
    given = {"lambda": lambda x: x * 2}
    kept = np.load(recorded.with_suffix(".npz"))
    outputs = load_model(path, custom_objects=given)(kept["x"], training=False)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    assert len(outputs) == len(kept.files) - 1
    for index, output in enumerate(outputs):
        expected = kept[f"y{index}"]
        assert output.shape == expected.shape
        np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_there_are_files() -> None:
    assert len(FILES) == 11
    assert len(THEANO) == 1


@pytest.mark.parametrize("path", [p for p in FILES if p not in THEANO], ids=lambda p: p.stem)
def test_the_numbers_are_those_of_the_time(path: Path) -> None:
    check(path, path)


@pytest.mark.parametrize("path", THEANO, ids=lambda p: p.stem)
def test_keras_1_does_not_say_that_it_was_theano(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="which backend trained it"):
        load_model(path)
    shutil.copy(path, tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "a") as file:
        file.attrs["backend"] = "theano"
    check(tmp_path / "model.h5", path)
    with h5py.File(tmp_path / "model.h5", "a") as file:
        file.attrs["backend"] = "tensorflow"
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(tmp_path / "model.h5", path)


@pytest.mark.parametrize("kind", ["sequential", "functional", "nested"])
def test_an_old_file_compiles_to_windows(kind: str) -> None:
    (path,) = (path for path in FILES if path.stem.endswith(kind) and "keras" in path.stem)
    plan = api.compile(path, sites=[0, 10, 19])
    assert "opaque" not in {node.op for node in plan.stage["canonical"].main.nodes}
    model = load_model(path)
    x = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (1, 20))]
    scores = plan(x)
    for index, name in enumerate(plan.output_names):
        for column, position in enumerate((0, 10, 19)):
            mutant = x.copy()
            mutant[0, position] = np.eye(4)[2]
            outputs = model(mutant, training=False)
            expected = np.asarray(outputs[index] if isinstance(outputs, list) else outputs)
            found = scores[name].alternate[:, column, 2]
            np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
