"""Weights alone, and the model's description in JSON or YAML beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from fastism import api
from fastism.cli import main
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras
from tests.frontends.old_files import functional, reads, sequential, write_h5

LENGTH = 12
X = np.random.default_rng(0).normal(size=(2, LENGTH, 4)).astype("float32")
MATRIX = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
WEIGHTS = {"d": [("d_W", MATRIX), ("d_b", np.ones(3, "float32"))]}
EXPECTED = X @ MATRIX + 1

DENSE = {"name": "d", "output_dim": 3, "activation": "linear", "init": "glorot_uniform"}
ROW = {
    "class_name": "Sequential",
    "config": sequential(("Dense", {**DENSE, "batch_input_shape": [None, LENGTH, 4]})),
}
GRAPH = {
    "class_name": "Model",
    "keras_version": "1.2.2",
    "config": functional([("Dense", DENSE, [reads("x")])], [["d", 0, 0]], [LENGTH, 4]),
}


def written(path: Path, config: Any) -> Path:
    path.write_text(json.dumps(config) if path.suffix == ".json" else yaml.dump(config))
    return path


@pytest.mark.parametrize("config", [ROW, GRAPH], ids=["a row", "a graph"])
@pytest.mark.parametrize("name", ["model.json", "model.yaml", "model.yml", "model.txt"])
def test_a_description_of_keras_1(tmp_path: Path, name: str, config: Any) -> None:
    weights = write_h5(tmp_path / "w.h5", "", {}, WEIGHTS, whole=False, version=None)
    description = written(tmp_path / name, config)
    for _ in range(2):
        found = load_model(weights, architecture=description)
        np.testing.assert_allclose(found(X), EXPECTED, rtol=1e-5)
    plan = api.compile(weights, architecture=str(description), sites=[2])
    np.testing.assert_allclose(plan(X).reference, EXPECTED, rtol=1e-5, atol=1e-6)


def test_tuples_and_text_of_python_2_in_yaml(tmp_path: Path) -> None:
    weights = write_h5(tmp_path / "w.h5", "", {}, WEIGHTS, whole=False, version=None)
    text = yaml.dump(ROW).replace("batch_input_shape:", "batch_input_shape: !!python/tuple")
    text = text.replace("name: d", "name: !!python/unicode 'd'")
    assert "tuple" in text
    assert "unicode" in text
    (tmp_path / "model.yaml").write_text(text)
    found = load_model(weights, architecture=tmp_path / "model.yaml")
    np.testing.assert_allclose(found(X), EXPECTED, rtol=1e-5)


@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
@pytest.mark.parametrize("of", ["keras", "tf_keras"])
def test_what_either_keras_writes(tmp_path: Path, of: str, ending: str) -> None:
    kit = pytest.importorskip(of)
    layers = kit.layers
    inputs = layers.Input((LENGTH, 4))
    x = layers.Conv1D(3, 3, activation="relu", padding="same")(inputs)
    x = layers.Add()([x, layers.BatchNormalization()(layers.Conv1D(3, 5, padding="same")(x))])
    model = kit.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    draws = np.random.default_rng(0)
    model.set_weights([draws.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    (tmp_path / "model.json").write_text(model.to_json())
    if ending == ".h5" and of == "keras":
        model.save(tmp_path / "w.h5")
    else:
        model.save_weights(tmp_path / f"w{ending}")
    found = load_model(tmp_path / f"w{ending}", architecture=tmp_path / "model.json")
    np.testing.assert_allclose(found(X), model(X), rtol=1e-4)


def test_theano_is_said_in_the_description(tmp_path: Path) -> None:
    kernel = np.arange(3 * 4 * 2).reshape(3, 4, 2).astype("float32")
    own = {"name": "c", "filters": 2, "kernel_size": [3], "batch_input_shape": [None, LENGTH, 4]}
    config = {"class_name": "Sequential", "backend": "theano", "keras_version": "2.0.5"}
    config["config"] = sequential(("Conv1D", own))
    weights = {"c": [("k", kernel), ("b", np.zeros(2, "float32"))]}
    path = write_h5(tmp_path / "w.h5", "", {}, weights, whole=False, backend=None)
    found = load_model(path, architecture=written(tmp_path / "m.json", config))
    np.testing.assert_array_equal(found.get_layer("c").kernel, kernel[::-1])


def test_a_function_of_the_users_and_code(tmp_path: Path) -> None:
    weights = write_h5(tmp_path / "w.h5", "", {}, WEIGHTS, whole=False)
    row = json.loads(json.dumps(ROW))
    row["config"][0]["config"]["activation"] = "mine"
    code = {"name": "l", "function": ["4wEAAAA=\n", None, None], "function_type": "lambda"}
    row["config"].append({"class_name": "Lambda", "config": code})
    path = written(tmp_path / "m.json", row)
    with pytest.raises(ModelError, match="it uses mine, which is not part of Keras"):
        load_model(weights, architecture=path)
    with pytest.raises(ModelError, match="Python code of its own"):
        load_model(weights, architecture=path, custom_objects={"mine": keras.ops.relu})
    given = {"mine": keras.ops.relu, "l": keras.ops.negative}
    found = load_model(weights, architecture=path, custom_objects=given)
    np.testing.assert_allclose(found(X), -np.maximum(EXPECTED, 0), rtol=1e-5)


BOMB = "class_name: [a]\nconfig:\n- &l0 [x, x]\n" + "".join(
    f"- &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
HOSTILE = {
    "code": ("class_name: !!python/object/apply:os.system ['true']\n", "could not determine"),
    "a bomb": (BOMB, "its aliases stand for"),
    "itself": ("class_name: a\nconfig: &c [*c]\n", "recursion"),
    "no model": ("class_name_of: 3\n", "no JSON or YAML with a class_name"),
    "damage": ("class_name: [\n", "while parsing"),
    "no text": ("class_name: \x00", "no JSON or YAML with a class_name"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_description_that_is_not_trusted(tmp_path: Path, name: str) -> None:
    text, said = HOSTILE[name]
    weights = write_h5(tmp_path / "w.h5", "", {}, WEIGHTS, whole=False)
    (tmp_path / "m.yaml").write_text(text)
    with pytest.raises(ModelError, match=said):
        load_model(weights, architecture=tmp_path / "m.yaml")


def test_weights_that_the_file_does_not_store(tmp_path: Path) -> None:
    weights = write_h5(tmp_path / "w.h5", "", {}, WEIGHTS, whole=False)
    row = json.loads(json.dumps(ROW))
    row["config"][0]["config"]["output_dim"] = 2**30
    with pytest.raises(ModelError, match="it asks for weights of the shape"):
        load_model(weights, architecture=written(tmp_path / "m.json", row))


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_h5(tmp_path / "w.h5", "", {}, WEIGHTS, whole=False)
    written(tmp_path / "m.json", GRAPH)
    quick = "-o plan --tune off --sites 3:6"
    assert main(f"compile w.h5 --architecture m.json {quick}".split()) == 0
    assert main(["verify", "plan", "-m", "w.h5", "--architecture", "m.json"]) == 0
    capsys.readouterr()
    quick = quick.replace("plan", "other")
    assert main(f"compile m.json {quick}".split()) == 2
    assert "--architecture m.json" in capsys.readouterr().err
    assert main(f"compile w.h5 --architecture none.json {quick}".split()) == 2
    assert "there is no file" in capsys.readouterr().err
