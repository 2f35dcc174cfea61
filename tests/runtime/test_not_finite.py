"""A reference that is not finite has no differences; the numbers are the model's all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

from fastism import api
from fastism.checking.model import model_scores
from fastism.cli import main
from fastism.errors import FastismWarning
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.testing.compare import assert_same_scores
from tests.zoo.registry import randomize

ON_WINDOWS = "flatten,canonicalize,annotate,segment{weigh=false},split,schedule"

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "logarithm": ops.log,
    "reciprocal": lambda x: 1.0 / x,
    "ratio": lambda x: (x + 0.1) / (x * x),
    "too large": lambda x: ops.exp(200.0 * x),
}


def model_of(function: Callable[[Any], Any]) -> keras.Model:
    """What is infinite is added up by a convolution, which takes differences, then clipped."""
    keras.utils.clear_session()
    sequence = keras.Input((40, 4), name="sequence")
    x = layers.Conv1D(4, 3, padding="same", activation="relu")(sequence)
    adding = layers.Conv1D(3, 2, strides=2, use_bias=False, name="adding")
    x = ops.clip(adding(function(x)), -4.0, 3.0)
    heads = [layers.Dense(2)(layers.Flatten()(x)), layers.GlobalMaxPooling1D()(x)]
    model = keras.Model(sequence, heads)
    randomize(model, seed=3)
    adding.kernel.assign(ops.abs(adding.kernel))
    return model


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("backend", ["tensorflow", "reference"])
def test_infinite_references(name: str, backend: str) -> None:
    model = model_of(FUNCTIONS[name])
    plan = api.compile(model, backend=backend, pipeline=ON_WINDOWS)
    assert [node for node in plan.stage["segmented"].main.nodes if node.mode == "delta"]
    given = random_inputs(plan.module.main, 2)
    with pytest.warns(FastismWarning, match="infinite or huge"):
        found = plan(given)
    assert np.isfinite(found[0].alternate).all()
    assert_same_scores(plan, found, model_scores(plan, model, given, 256))


def test_one_sequence_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the reference is finite the windows are used, and the count says so."""
    sequence = keras.Input((30, 4), name="sequence")
    x = layers.Conv1D(1, 1, use_bias=False, name="track")(sequence)
    adding = layers.Conv1D(1, 3, kernel_initializer="ones", use_bias=False)
    x = ops.clip(adding(ops.log(x)), -2.0, 2.0)
    model = keras.Model(sequence, layers.Dense(2)(layers.Flatten()(x)))
    model.get_layer("track").set_weights([np.array([[[1.0], [2.0], [3.0], [4.0]]])])
    plan = api.compile(model, pipeline=ON_WINDOWS)
    given = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, 30))]
    given[1, 7] = 0.0
    items = np.array([0, 1, 1]), np.array([7, 7, 12]), np.array([0, 1, 2])
    done: list[int] = []
    with pytest.warns(FastismWarning, match="of 3 edits"):
        found = plan.score_items(given, *items, progress=lambda now, total: done.append(now))
    assert done[-1] == 3
    mutants = given[items[0]]
    mutants[np.arange(3), items[1]] = np.eye(4)[items[2]]
    (scores,) = found.values()
    np.testing.assert_allclose(scores, model(mutants), rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(Executor, "_drowned", lambda self, saved: np.zeros(2, np.bool_))
    monkeypatch.setattr(Executor, "_score_whole", lambda *_: None)
    (wrong,) = plan.score_items(given, *items).values()
    assert not np.allclose(wrong, scores)


def test_the_command_line_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_of(ops.log)
    model.save(tmp_path / "model.keras")
    text = "".join(f">s{i}\n{'ACGT' * 10}\n" for i in range(3))
    (tmp_path / "x.fa").write_text(text)
    plan, scores = str(tmp_path / "plan"), str(tmp_path / "scores.h5")
    line = ["compile", str(tmp_path / "model.keras"), "-o", plan, "--tune", "off"]
    assert main(line) == 0
    capsys.readouterr()
    assert main(["run", plan, "-s", str(tmp_path / "x.fa"), "-o", scores, "-bs", "1"]) == 0
    said = capsys.readouterr().err
    assert said.count("infinite or huge") == 1
    assert "\nwarning: 120 of " in f"\n{said}"
    assert "UserWarning" not in said
