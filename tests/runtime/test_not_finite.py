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
from tests.compare import assert_same_scores
from tests.zoo import ENTRIES
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
    keras.utils.clear_session(free_memory=False)
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


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_finite_are_predicted_in_full(
    poison: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever made them so: here every third output of a propagation graph, of one head."""
    model = ENTRIES["local_and_global_outputs"].build()
    plan = api.compile(model, sites=[3, 4, 17, 30], backend="reference")
    given = random_inputs(plan.module.main, 2)
    expected = model_scores(plan, model, given)
    assert_same_scores(plan, plan(given), expected)
    poisoned = 0

    def poisoning(function: Callable[..., Any], head: str) -> Callable[..., Any]:
        def run(inputs: Any) -> Any:
            nonlocal poisoned
            outputs = dict(function(inputs))
            outputs[head] = np.array(outputs[head])
            outputs[head][::3] = poison
            poisoned += len(outputs[head][::3])
            return outputs

        return run

    functions = dict(plan.executor.functions)
    for graph in plan.module.graphs[1:]:
        functions[graph.name] = poisoning(functions[graph.name], graph.outputs[-1])
    monkeypatch.setattr(plan, "executor", Executor(plan.module, functions))
    done: list[int] = []
    with pytest.warns(FastismWarning) as caught:
        found = plan(given, progress=lambda now, total: done.append(now))
    assert_same_scores(plan, found, expected)
    assert 0 < poisoned < done[-1] == 2 * 4 * 4
    (said,) = caught
    in_full = int(str(said.message).split()[0])
    assert poisoned / 2 < in_full <= poisoned  # chunks are padded, and some edits change nothing


def test_an_edit_that_makes_an_infinity_scores_as_the_model_does() -> None:
    """The reference is finite, so nothing warns of it before: the outputs are looked at."""
    sequence = keras.Input((12, 4), name="sequence")
    x = layers.Conv1D(2, 1, use_bias=False, name="track")(sequence)
    sums = layers.Conv1D(1, 3, use_bias=False, kernel_initializer="ones")(ops.log(x))
    model = keras.Model(sequence, [sums, ops.exp(sums), layers.GlobalAveragePooling1D()(sums)])
    model.get_layer("track").set_weights([np.array([[[1, 2], [2, 1], [3, 1], [1, 4.0]]])])
    plan = api.compile(model, alternatives="zeros", pipeline=ON_WINDOWS)
    given = random_inputs(plan.module.main, 2)
    with pytest.warns(FastismWarning, match="24 of 24 edits"):
        found = plan(given)
    assert np.isneginf(found[0].alternate).any()
    assert_same_scores(plan, found, model_scores(plan, model, given))


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
