"""Model files: what loads, and what a person is told about one that does not."""

from __future__ import annotations

import hashlib
import traceback
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fastism.errors import ModelError
from fastism.frontends.keras.files.load import file_hash, load_model
from fastism.quiet import keras

layers = keras.layers


class Doubling(layers.Layer):
    """A class that is registered nowhere."""

    def call(self, x: Any) -> Any:
        return x * 2


def _model(layer: keras.Layer | None = None) -> keras.Model:
    middle = [layer] if layer else []
    return keras.Sequential([keras.Input((12, 4)), *middle, layers.Flatten(), layers.Dense(2)])


def _refused(path: Path, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load_model(path, **options)
    assert caught.value.attempt, "the message must say what to try"
    shown = "".join(traceback.format_exception(caught.value))
    assert "keras/src" not in shown, "the traceback of Keras leaks"
    return caught.value


@pytest.mark.parametrize("ending", ["keras", "h5", "hdf5"])
def test_a_saved_model_loads_uncompiled(tmp_path: Path, ending: str) -> None:
    model = _model()
    model.compile("adam", "mse")
    model.save(tmp_path / f"model.{ending}")
    loaded = load_model(tmp_path / f"model.{ending}")
    x = np.random.default_rng(0).normal(size=(2, 12, 4))
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)
    assert not loaded.compiled


def test_hash_is_that_of_the_file(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(content)
    assert file_hash(tmp_path / "file") == hashlib.sha256(content).hexdigest()
    with pytest.raises(ModelError, match="cannot read"):
        file_hash(tmp_path / "none")


def test_a_missing_file_a_folder_and_a_strange_name(tmp_path: Path) -> None:
    assert "there is no model file" in str(_refused(tmp_path / "none.h5"))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    said = str(_refused(tmp_path / "saved"))  # by what it lacks, or by tf_keras, which is an extra
    assert "keras_metadata.pb" in said or "fastism[legacy]" in said
    (tmp_path / "model.pt").write_bytes(b"x")
    assert "cannot tell the format" in str(_refused(tmp_path / "model.pt"))


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_cut_file_is_damaged(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"model.{ending}"
    _model().save(path)
    path.write_bytes(path.read_bytes()[:2000])
    assert "damaged" in str(_refused(path))
    path.write_text("not a model")
    assert "damaged" in str(_refused(path))


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    _model().save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    assert "damaged" in str(_refused(path))


def test_a_file_of_the_other_format_is_recognised(tmp_path: Path) -> None:
    _model().save(tmp_path / "model.keras")
    _model().save(tmp_path / "model.h5")
    (tmp_path / "model.keras").rename(tmp_path / "zip.h5")
    (tmp_path / "model.h5").rename(tmp_path / "hdf5.keras")
    assert "rename it to end in .keras" in str(_refused(tmp_path / "zip.h5"))
    assert "rename it to end in .h5" in str(_refused(tmp_path / "hdf5.keras"))


def test_weights_alone_are_not_a_model(tmp_path: Path) -> None:
    _model().save_weights(tmp_path / "model.weights.h5")
    assert "holds weights without a model" in str(_refused(tmp_path / "model.weights.h5"))


def test_files_that_hold_something_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["scores"] = [1.0]
    assert "does not hold a Keras model" in str(_refused(tmp_path / "data.h5"))
    with zipfile.ZipFile(tmp_path / "data.keras", "w") as archive:
        archive.writestr("readme", "nothing")
    assert "does not hold a Keras model" in str(_refused(tmp_path / "data.keras"))


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_code_in_a_file_runs_only_when_allowed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"model.{ending}"
    _model(layers.Lambda(lambda x: x + 1)).save(path)
    refusal = _refused(path)
    assert "Python code of its own" in str(refusal)
    assert "unsafe=True" in str(refusal)
    assert load_model(path, unsafe=True)(np.zeros((1, 12, 4))).shape == (1, 2)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_an_unknown_class_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"model.{ending}"
    _model(Doubling()).save(path)
    refusal = _refused(path)
    assert refusal.why == "it uses Doubling, which is not part of Keras"
    assert "custom_objects={'Doubling': Doubling}" in str(refusal)
    loaded = load_model(path, custom_objects={"Doubling": Doubling})
    assert loaded(np.zeros((1, 12, 4))).shape == (1, 2)
