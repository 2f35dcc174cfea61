"""What TensorFlow 2.x itself wrote: SavedModel folders, HDF5 and ``.keras`` files of tf_keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import tf

LENGTH = 20


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    return pytest.importorskip("tf_keras")


def model_of(k: Any) -> Any:
    """Nested models, tensor arithmetic, a shared layer, two outputs; weights drawn at random."""
    layers = k.layers
    x = k.Input((LENGTH, 4), name="sequence")
    shared = layers.Conv1D(6, 5, padding="same", activation="relu", name="shared")
    y = shared(shared(layers.Conv1D(6, 7, padding="same", name="first")(x)))
    inner = k.Sequential([layers.Input((LENGTH, 6)), layers.BatchNormalization(), layers.Dense(6)])
    y = tf.nn.relu(y + inner(y) * 0.5)
    branch = k.Input((LENGTH, 6))
    block = k.Model(branch, layers.DepthwiseConv1D(3, padding="same")(branch), name="block")
    y = layers.LeakyReLU(0.1)(block(y))[:, 2:-2]
    y = layers.Concatenate()([y, layers.SeparableConv1D(3, 3, padding="same")(y)])
    y = layers.LayerNormalization()(y)
    profile = layers.Conv1D(1, 3, name="profile")(y)
    counts = layers.Dense(2, name="counts")(tf.reduce_mean(y, axis=1))
    model = k.Model(x, [profile, counts])
    draws = np.random.default_rng(0)
    model.set_weights([draws.uniform(0.1, 0.6, w.shape) for w in model.get_weights()])
    return model


def same(path: Path, model: Any) -> None:
    x = np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, LENGTH))]
    loaded = load_model(path)
    for found, expected in zip(loaded(x), model(x), strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(np.asarray(found), np.asarray(expected), atol=1e-5 * scale)


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "saved", "model.keras"])
def test_whatever_tf_keras_wrote(tmp_path: Path, tf_keras: Any, name: str) -> None:
    model = model_of(tf_keras)
    model.save(tmp_path / name)
    same(tmp_path / name, model)


def test_a_folder_compiles(tmp_path: Path, tf_keras: Any) -> None:
    model_of(tf_keras).save(tmp_path / "saved")
    plan = api.compile(tmp_path / "saved", sites=[0, 10, LENGTH - 1])
    assert plan.module.model == "saved"
    assert "opaque" not in {node.op for node in plan.stage["canonical"].main.nodes}


def test_code_in_a_folder_is_refused(tmp_path: Path, tf_keras: Any) -> None:
    marker = tmp_path / "marker"
    code = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]")
    model = tf_keras.Sequential([tf_keras.Input((12, 4)), tf_keras.layers.Lambda(code)])
    model.save(tmp_path / "saved")
    marker.unlink()
    with pytest.raises(ModelError, match="Python code of its own"):
        load_model(tmp_path / "saved")
    assert not marker.exists()


def test_recurrent_layers_of_tf_keras(tmp_path: Path, tf_keras: Any) -> None:
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [
            tf_keras.Input((12, 4)),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(3, activation="hard_sigmoid")),
            layers.GRU(3, recurrent_activation="hard_sigmoid", reset_after=False),
        ]
    )
    model.save(tmp_path / "model.h5")
    x = np.random.default_rng(0).normal(size=(2, 12, 4)).astype("float32")
    found = load_model(tmp_path / "model.h5")(x)
    np.testing.assert_allclose(np.asarray(found), np.asarray(model(x)), atol=1e-5)


def test_without_tf_keras_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastism.frontends.keras.files.saved_model.find_spec", lambda _: None)
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ModelError, match="without Keras's layers"):  # nor would tf_keras read it
        load_model(tmp_path / "saved")
    (tmp_path / "saved" / "keras_metadata.pb").write_bytes(b"")
    with pytest.raises(ModelError, match=r"pip install 'fastism\[legacy\]'"):
        load_model(tmp_path / "saved")


@pytest.mark.parametrize("name", ["saved", "model.keras", "model.h5"])
def test_a_function_that_is_not_known_is_refused(tmp_path: Path, tf_keras: Any, name: str) -> None:
    """tf_keras would call whatever TensorFlow function a layer names, while it loads."""
    x = tf_keras.Input((LENGTH, 4))
    model = tf_keras.Model(x, tf.nn.dropout(x, 0.5))
    model.save(tmp_path / name)
    with pytest.raises(ModelError, match=r"it calls tf\.nn\.(experimental\.)?\w*dropout\w*"):
        load_model(tmp_path / name, unsafe=True)


def test_a_lookup_of_a_folder_has_its_vocabulary(tmp_path: Path, tf_keras: Any) -> None:
    """It stands in a file of the folder, not in the configuration."""
    tokens = tf_keras.Input((LENGTH,), dtype="int64")
    model = tf_keras.Model(tokens, tf_keras.layers.IntegerLookup(vocabulary=[7, 5, 3])(tokens))
    model.save(tmp_path / "saved")
    x = np.random.default_rng(0).integers(2, 9, (2, LENGTH))
    np.testing.assert_array_equal(load_model(tmp_path / "saved")(x), model(x))
