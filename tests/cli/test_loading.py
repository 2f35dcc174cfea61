"""The options that say where a model comes from: --architecture, --custom-objects, --unsafe."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fastism.cli import main
from fastism.quiet import keras, tf  # noqa: F401  (keras before their module imports it)

LAYERS = """
import keras
from dataclasses import dataclass

@dataclass
class Options:
    factor: float = 2.0

class Scaling(keras.layers.Layer):
    def call(self, x):
        return x * Options().factor

    def compute_output_shape(self, shape):
        return shape

def build():
    inputs = keras.Input((12, 4), name="x")
    x = keras.layers.Conv1D(3, 5, name="c")(Scaling(name="s")(inputs))
    return keras.Model(inputs, keras.layers.GlobalMaxPooling1D()(x))

mine = {"Scaling": Scaling}
nothing = 3
"""
QUICK = "-o plan --tune off --sites 3:9"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a module of the user's, its model, and the model's weights."""
    name = f"theirs_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [part for part in sys.path if part])
    scope: dict[str, object] = {"__name__": "elsewhere"}
    exec(compile(LAYERS.replace("@dataclass", ""), name, "exec"), scope)
    model = scope["build"]()  # type: ignore[operator]
    model.save("model.keras")
    model.save_weights("model.weights.h5")
    return tmp_path


def theirs(folder: Path) -> str:
    return f"theirs_{folder.name}"


@pytest.mark.parametrize("place", ["{}", "{}.py"])
def test_weights_and_an_architecture(
    folder: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = place.format(theirs(folder))
    given = f"--architecture {source}:build --custom-objects {source}"
    assert main(f"compile model.weights.h5 {QUICK} {given}".split()) == 0
    assert main(f"verify plan -m model.weights.h5 {given}".split()) == 0
    assert "agrees with model.weights.h5" in capsys.readouterr().out
    assert main(f"opt model.weights.h5 --architecture {source}:build".split()) == 0
    assert "conv1d(" in capsys.readouterr().out


def test_a_signature(capsys: pytest.CaptureFixture[str]) -> None:
    module = tf.Module()
    spec = tf.TensorSpec((None, 12, 4), name="x")
    served = {
        name: tf.function(lambda x, factor=factor: {"y": factor * x[:, :, 0]})
        for name, factor in (("once", 1.0), ("twice", 2.0))
    }
    named = {name: each.get_concrete_function(spec) for name, each in served.items()}
    tf.saved_model.save(module, "saved", signatures=named)
    assert main(f"compile saved {QUICK} --unsafe".split()) == 2
    assert "say which: signature='once' (--signature once), or" in capsys.readouterr().err
    given = "--unsafe --signature twice"
    assert main(f"compile saved {QUICK} {given}".split()) == 0
    assert main(f"verify plan -m saved {given}".split()) == 0
    assert "agrees with saved" in capsys.readouterr().out
    assert main(f"opt saved {given}".split()) == 0
    assert f"fastism opt saved {given} -p flatten" in capsys.readouterr().out
    assert main(["verify", "plan", "-m", "saved", "--unsafe", "--signature", "once"]) == 2
    assert "imported stage is not the model: @program.scale" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["{}", "{}.py", "{}:Scaling", "{}.py:mine"])
def test_custom_objects(folder: Path, given: str) -> None:
    given = given.format(theirs(folder))
    assert main(f"compile model.keras {QUICK} --custom-objects {given}".split()) == 0


MISTAKES = [
    ("compile model.weights.h5 -o plan", "--architecture module:function"),
    ("compile model.weights.h5 -o plan --architecture {}", "names no function"),
    ("compile model.weights.h5 -o plan --architecture none:build", "No module named 'none'"),
    ("compile model.weights.h5 -o plan --architecture {}:make", "there is no make in it"),
    ("compile model.weights.h5 -o plan --architecture {}:nothing", "is no function"),
    ("compile model.weights.h5 -o plan --architecture {}:Options", "returned no model"),
    ("compile model.keras -o plan", "--custom-objects file.py"),
    ("compile model.keras -o plan --custom-objects {}:Scale", "there is no Scale in it"),
]


@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake(
    folder: Path, line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.format(theirs(folder)).split()) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert not (folder / "plan").exists()


def test_a_damaged_archive_is_one_message(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = (folder / "model.keras").read_bytes()
    (folder / "model.keras").write_bytes(content[: len(content) // 2])
    assert main(["compile", "model.keras", "-o", "plan"]) == 2
    assert "is damaged" in capsys.readouterr().err
