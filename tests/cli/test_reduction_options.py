"""``--target``, ``--over`` and ``--reduce``, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest
from keras import layers

import fastism
from fastism.cli import main
from fastism.cli.reductions import parse_reduction_options
from fastism.errors import InputError
from fastism.io.scores import read_scores
from fastism.reductions import Reduction

OWN = """
from keras import ops

def middle(z):
    return ops.sum(z[:, 5:15], axis=1)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((20, 4))
    x = layers.Conv1D(4, 5, padding="same", activation="relu")(inputs)
    outputs = [layers.Conv1D(2, 1, name="profile")(x), layers.GlobalMaxPooling1D(name="most")(x)]
    path = tmp_path_factory.mktemp("model") / "model.keras"
    keras.Model(inputs, outputs).save(path)
    return path


def test_a_plan_is_reduced_verified_and_its_text_made_again(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    line = ["compile", str(model), "-o", "plan", "--tune", "off", "--target", "profile=1"]
    assert main([*line, "--over", "profile=2:18", "--reduce", "profile=own.py:middle"]) == 0
    assert "agrees with the model" in capsys.readouterr().err
    plan = fastism.load("plan")
    assert plan.output_shapes == {"profile": (1,), "most": (4,)}
    assert plan.reductions == {"profile": Reduction((1,), (2, 18), "middle", own=True)}
    assert main(["verify", "plan", "-m", str(model)]) == 2
    assert "--reduce MODULE:FUNCTION" in capsys.readouterr().err
    assert main(["verify", "plan", "-m", str(model), "--reduce", "own.py:middle"]) == 0
    assert f"agrees with {model}" in capsys.readouterr().out
    assert main(["explain", "plan"]) == 0
    said = "channels 1; positions [2, 18); middle, a function of yours"
    assert f"output profile is reduced: {said}\n" in capsys.readouterr().out
    assert main(["explain", "plan", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reductions"]["profile"]["over"] == [2, 18]
    Path("x.fa").write_text(">a\nACGTACGTACGTACGTACGT\n")
    assert main(["run", "plan", "-s", "x.fa", "-o", "s.h5"]) == 0
    said = json.loads(read_scores("s.h5").attributes["reductions"])
    assert said == {"profile": {"target": [1], "over": [2, 18], "way": "middle", "own": True}}
    capsys.readouterr()
    assert main(["opt", str(model), "-p", "flatten", "--over", "profile=2:18"]) == 0
    assert "--over profile=2:18 -p flatten" in capsys.readouterr().out


def test_options_become_arguments() -> None:
    parsed = parse_reduction_options(["0,3"], ["a=4:", "b=:-2"], ["a=sum", "b=profile"])
    assert parsed == {
        "target": [0, 3],
        "over": {"a": slice(4, None), "b": slice(None, -2)},
        "reduce": {"a": "sum", "b": "profile"},
    }
    assert parse_reduction_options() == {"target": None, "over": None, "reduce": None}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": ["x"]}, "--target x names no channels"),
        ({"over": ["5"]}, "--over 5 names no positions"),
        ({"over": [":"]}, "--over : names no positions"),
        ({"reduce": ["summ"]}, "there is no reduction 'summ'"),
        ({"reduce": ["nothing.py:f"]}, "--reduce nothing.py:f cannot be imported"),
        ({"reduce": ["math:pi"]}, "--reduce math:pi is no function"),
        ({"reduce": ["sum", "max"]}, "--reduce max comes on top of --reduce sum"),
        ({"reduce": ["a=sum", "a=max"]}, "--reduce a=max comes on top of --reduce a=sum"),
        ({"over": ["a=1:2", "1:2"]}, "--over 1:2 comes on top of --over a=1:2"),
    ],
)
def test_what_cannot_be_read_is_said(options: dict[str, list[str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_reduction_options(**options)
