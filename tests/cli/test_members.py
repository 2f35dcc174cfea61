"""``fastism run`` of several plans, and of both strands."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

import fastism
from fastism import BothStrands, Ensemble
from fastism.cli import main
from fastism.cli.members import Members
from fastism.cli.strands import parse_strands_options
from fastism.errors import InputError
from fastism.io.scores import read_scores

LENGTH = 16
X = np.random.default_rng(0).integers(0, 4, (3, LENGTH))
ROWS = np.eye(4, dtype=np.float32)[X]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three sequences."""
    monkeypatch.chdir(tmp_path)
    text = ["".join("ACGT"[letter] for letter in row) for row in X]
    Path("x.fa").write_text("".join(f">{i}\n{each}\n" for i, each in enumerate(text)))
    return tmp_path


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two folds, whose layers have names of their own."""
    paths = []
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((LENGTH, 4))
        x = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 5, activation="relu")(inputs))
        plan = fastism.compile(
            keras.Model(inputs, layers.Dense(2, name=f"fold_{seed}")(x)), backend="reference"
        )
        paths.append(str(tmp_path_factory.mktemp("plans") / f"p{seed}"))
        plan.save(paths[-1])
    return paths


def test_a_run_of_folds_holds_their_mean_and_how_far_they_are_apart(plans: list[str]) -> None:
    line = ["run", *plans, "-s", "x.fa", "-o", "s.h5", "--rc", "--strands", "same"]
    assert main(line) == 0
    stored = read_scores("s.h5")
    expected = Ensemble(list(map(fastism.load, plans)), rc=True, strands="same")(ROWS)
    np.testing.assert_array_equal(stored.alternate["fold_0"], expected.alternate)
    np.testing.assert_array_equal(stored.reference["fold_0"], expected.reference)
    np.testing.assert_array_equal(stored.delta_std["fold_0"], expected.deviation.delta)
    np.testing.assert_array_equal(stored.reference_std["fold_0"], expected.deviation.reference)
    assert stored.attributes["averaged"] == "the mean over both strands, then over 2 plans"
    assert len(json.loads(stored.attributes["models"])) == 2
    assert json.loads(stored.attributes["arguments"])["plan"] == plans


def test_a_run_of_both_strands(plans: list[str]) -> None:
    line = ["run", plans[0], "-s", "x.fa", "-o", "s.h5", "--rc", "--strands", "fold_0=1,0"]
    assert main(line) == 0
    stored = read_scores("s.h5")
    expected = BothStrands(fastism.load(plans[0]), [1, 0])(ROWS)
    np.testing.assert_array_equal(stored.alternate["fold_0"], expected.alternate)
    assert not stored.delta_std
    assert stored.attributes["averaged"] == "the mean over both strands"


def test_what_is_not_of_a_mean_is_refused(
    plans: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["run", *plans, "-s", "x.fa", "-o", "s.h5"]
    assert main([*line, "-m", "model.h5"]) != 0
    assert "--model holds scores against one model's own" in capsys.readouterr().err
    assert main([*line, "--rc"]) != 0
    assert "output 'fold_0' has 2 channels, and it is not said" in capsys.readouterr().err
    assert main([*line, "--workers", "2"]) != 0
    assert "not the mean over 2 plans" in capsys.readouterr().err
    assert main(["run", plans[0], "nothing", "-s", "x.fa", "-o", "s.h5"]) != 0
    assert "there is no plan at nothing" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["x.fa"]


def test_a_run_goes_on_with_the_same_plans_only(plans: list[str]) -> None:
    paths = tuple(map(Path, plans))
    one, both = Members(paths[:1]).identity, Members(paths, rc=True).identity
    assert [key for key in one if one[key] != both[key]] == ["the plan", "--rc"]
    assert Members(paths).identity["the plan"] == [one["the plan"], both["the plan"][1]]  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("strands", "rc", "message"),
    [
        (["same"], False, "--strands says what --rc does"),
        (["sam"], True, "--strands sam cannot be read"),
        (["a=same", "same"], True, "--strands same comes on top of --strands a=same"),
    ],
)
def test_strands_that_cannot_be_read(strands: list[str], rc: bool, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_strands_options(strands, rc=rc)
    assert parse_strands_options(["a=same", "b=1,0"], rc=True) == {"a": "same", "b": [1, 0]}
