"""Functions of the user's, which a file keeps by name, as code, or not at all."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras.src.utils.python_utils import func_dump

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras
from tests.frontends.old_files import functional, reads, sequential, write_h5

LENGTH = 12
X = np.random.default_rng(0).normal(size=(2, LENGTH, 4)).astype("float32")
DENSE = ("Dense", {"name": "dense_1", "units": 2, "activation": "linear"})
FILES = ["new.keras", "new.h5", "old.h5", "old.keras"]


def leaky(x: Any) -> Any:
    """0.1 x below zero, for arrays and tensors of any Keras."""
    return x * 0.55 + abs(x) * 0.45


NAMELESS = {"function": lambda x: x * 0.55 + abs(x) * 0.45}["function"]


def model_of(kit: Any, function: Any) -> Any:
    """Everywhere that a function stands: in a layer, as one, in a wrapper, in a nested model."""
    layers = kit.layers
    inner = kit.Sequential(
        [layers.Input((LENGTH, 3)), layers.Conv1D(3, 3, activation=function, name="nested")]
    )
    return kit.Sequential(
        [
            layers.Input((LENGTH, 4)),
            layers.Conv1D(3, 3, padding="same", activation=function, name="c"),
            layers.Lambda(function, name="l"),
            layers.Activation(function, name="a"),
            layers.TimeDistributed(layers.Dense(3, activation=function, name="inside")),
            inner,
            layers.GRU(3, recurrent_activation=function, name="g"),
        ]
    )


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def saved(path: Path, function: Any) -> Any:
    """The model that was saved to the path: by Keras 3, or by Keras 2."""
    kit = keras if path.stem == "new" else pytest.importorskip("tf_keras")
    model = model_of(kit, function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    return model


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_by_the_name_in_the_file(path: Path) -> None:
    model = saved(path, leaky)
    given = {"leaky": leaky, "l": leaky}  # a Lambda of Keras 2 keeps the code of any function
    close(load_model(path, custom_objects=given)(X), model(X))


def test_by_the_name_of_the_layer(path: Path) -> None:
    model = saved(path, NAMELESS)
    with pytest.raises(ModelError, match=r"custom_objects=\{'c': function\}"):
        load_model(path)
    given = dict.fromkeys(("c", "l", "a", "inside", "nested", "g"), leaky)
    close(load_model(path, custom_objects=given)(X), model(X))


@pytest.mark.parametrize("name", ["new.keras", "new.h5", "old.h5"])
def test_code_of_a_trusted_file(tmp_path: Path, name: str) -> None:
    model = saved(tmp_path / name, NAMELESS)
    close(load_model(tmp_path / name, unsafe=True)(X), model(X))


def test_a_name_that_was_not_given(path: Path) -> None:
    saved(path, leaky)
    with pytest.raises(ModelError, match="it uses leaky, which is not part of Keras") as caught:
        load_model(path, custom_objects={"l": leaky})
    assert "custom_objects={'leaky': leaky}" in str(caught.value)


def of_keras_2_0(path: Path, activation: str) -> Path:
    own = {"name": "c", "batch_input_shape": [None, LENGTH, 4], "filters": 2, "kernel_size": [3]}
    config = sequential(("Conv1D", {**own, "activation": activation}))
    weights = {"c": [("k", np.ones((3, 4, 2), "float32")), ("b", -np.ones(2, "float32"))]}
    return write_h5(path, "Sequential", config, weights)


@pytest.mark.parametrize("stored", ["lrelu", "<lambda>", "__lambda__"])
@pytest.mark.parametrize("key", ["stored", "layer"])
def test_a_bare_word(tmp_path: Path, stored: str, key: str) -> None:
    path = of_keras_2_0(tmp_path / "a.h5", stored)
    given = {stored if key == "stored" else "c": leaky}
    plan = api.compile(path, custom_objects=given, sites=[4])
    expected = leaky(load_model(of_keras_2_0(tmp_path / "b.h5", "linear"))(X))
    close(load_model(path, custom_objects=given)(X), expected)
    close(plan(X).reference, expected)


def test_a_lambda_that_the_file_does_not_hold(tmp_path: Path) -> None:
    path = of_keras_2_0(tmp_path / "a.h5", "<lambda>")
    for unsafe in (False, True):
        with pytest.raises(ModelError, match="the file does not hold what it does") as caught:
            load_model(path, unsafe=unsafe)
        assert "layer 'c' (Conv1D)" in str(caught.value)
        assert "custom_objects={'c': function}" in str(caught.value)
        assert "unsafe" not in str(caught.value)


def test_the_activation_that_is_a_layer(tmp_path: Path) -> None:
    own = {"name": "c", "batch_input_shape": [None, LENGTH, 4], "filters": 2, "kernel_size": [3]}
    layer = {"class_name": "LeakyReLU", "config": {"name": "r", "alpha": 0.1}}
    weights = {"c": [("k", np.ones((3, 4, 2), "float32")), ("b", -np.ones(2, "float32"))]}
    config = sequential(("Conv1D", {**own, "activation": layer}))
    path = write_h5(tmp_path / "a.h5", "Sequential", config, weights)
    expected = leaky(load_model(of_keras_2_0(tmp_path / "b.h5", "linear"))(X))
    close(load_model(path)(X), expected)


def with_code(path: Path, code: str, sequence: bool) -> Path:
    """A file of Keras 2 with a Lambda layer before a dense one, in a graph or a row of layers."""
    own = {"name": "lambda_1", "function": [code, None, None], "function_type": "lambda"}
    weights = {"dense_1": [("k", np.ones((4, 2), "float32")), ("b", np.ones(2, "float32"))]}
    if sequence:
        first = {**own, "batch_input_shape": [None, LENGTH, 4]}
        config: Any = sequential(("Lambda", first), DENSE)
    else:
        parts = [("Lambda", own, [reads("x")]), (*DENSE, [reads("lambda_1")])]
        config = functional(parts, [["dense_1", 0, 0]], [LENGTH, 4])
    return write_h5(path, "Sequential" if sequence else "Model", config, weights)


def stored(function: Callable[..., Any]) -> str:
    """A function's code, as Keras 2 wrote it."""
    return str(func_dump(function)[0])


CAUSES: Mapping[str, tuple[str, str]] = {
    "a name that was a module's": (stored(eval("lambda x: K.relu(x)")), "name 'K' is not defined"),
    "another Python": ("4wEAAAAAAAAA\n", "compiled by another Python than this one"),
    "no code": ("bm90aGluZw==\n", "compiled by another Python than this one"),
    "a failure": (stored(eval("lambda x: x.nothing")), "no attribute 'nothing'"),
}


@pytest.mark.parametrize("sequence", [True, False])
@pytest.mark.parametrize("name", CAUSES)
def test_why_the_code_of_a_lambda_does_not_run(tmp_path: Path, name: str, sequence: bool) -> None:
    code, cause = CAUSES[name]
    path = with_code(tmp_path / "a.h5", code, sequence)
    with pytest.raises(ModelError) as caught:
        load_model(path, unsafe=True)
    said = str(caught.value)
    assert "in layer 'lambda_1' (Lambda)" in said
    assert cause in said
    assert "custom_objects={'lambda_1': function}" in said
    model = load_model(path, custom_objects={"lambda_1": leaky})
    close(model(X), leaky(X).sum(-1)[..., None] + [1, 1])


def test_a_file_of_keras_3_names_its_lambda(tmp_path: Path) -> None:
    path = tmp_path / "a.keras"
    keras.Sequential(
        [keras.Input((LENGTH, 4)), keras.layers.Lambda(eval("lambda x: x * 2"), name="l")]
    ).save(path)
    with pytest.raises(ModelError, match=r"custom_objects=\{'l': function\}"):
        load_model(path)


def test_the_file_itself_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new.h5"
    saved(path, leaky)
    before = path.read_bytes()
    load_model(path, custom_objects={"leaky": leaky})
    assert path.read_bytes() == before
    with h5py.File(path) as file:
        assert "leaky" in json.dumps(json.loads(file.attrs["model_config"]))
