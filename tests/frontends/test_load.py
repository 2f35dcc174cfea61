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


@pytest.mark.parametrize("name", ["a.h5", "a.keras", "a.bin", "a"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_file_is_told_by_what_it_holds(tmp_path: Path, ending: str, name: str) -> None:
    model = _model()
    model.save(tmp_path / f"model.{ending}")
    (tmp_path / f"model.{ending}").rename(tmp_path / name)
    for found, kept in zip(load_model(tmp_path / name).weights, model.weights, strict=True):
        np.testing.assert_array_equal(found, kept)


STRANGERS = {
    "model.pkl": (b"\x80\x04}\x94.", "a pickle, which can run any code"),
    "model.tflite": (b"\x1c\0\0\0TFL3" + bytes(40), "of TensorFlow Lite"),
    "model.json": (b'{"class_name": "Model", "config": {}}', "--architecture model.json"),
    "other.json": (b'{"weights": []}', "neither a .keras archive nor an HDF5 file"),
    "model.yaml": (b"class_name: Model\nconfig: {}\n", "--architecture model.yaml"),
    "nothing.pb": (b"", "neither a .keras archive nor an HDF5 file"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_file_of_another_kind_is_named(tmp_path: Path, name: str) -> None:
    content, said = STRANGERS[name]
    path = tmp_path / name
    path.write_bytes(content)
    assert said in str(_refused(path))


def test_an_archive_of_pytorch(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02}.")
    assert "a PyTorch archive of pickles" in str(_refused(tmp_path / "model.pt"))


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
