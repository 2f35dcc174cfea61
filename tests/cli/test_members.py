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
    """Two folds, whose layers have names of their own; beside each its model, PLAN.keras."""
    paths = []
    for seed in range(2):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((LENGTH, 4))
        x = layers.GlobalMaxPooling1D()(layers.Conv1D(4, 5, activation="relu")(inputs))
        paths.append(str(tmp_path_factory.mktemp("plans") / f"p{seed}"))
        model = keras.Model(inputs, layers.Dense(2, name=f"fold_{seed}")(x))
        model.save(f"{paths[-1]}.keras")
        fastism.compile(f"{paths[-1]}.keras", backend="reference").save(paths[-1])
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


def test_parts_of_a_mean_are_merged_to_the_run_in_one_piece(plans: list[str]) -> None:
    line = ["--quiet", "run", *plans, "-s", "x.fa", "--rc", "--strands", "swapped", "-bs", "1"]
    for number in (1, 2):
        assert main([*line, "-o", f"{number}.h5", "--shard", f"{number}/2"]) == 0
    assert main(["--quiet", "merge", "1.h5", "2.h5", "-o", "s.h5"]) == 0
    merged = Path("s.h5").read_bytes()
    assert main([*line, "-o", "s.h5", "--force"]) == 0
    assert Path("s.h5").read_bytes() == merged
    assert main(["--quiet", "run", plans[0], "-s", "x.fa", "-o", "3.h5", "--shard", "1/2"]) == 0
    assert main(["--quiet", "merge", "3.h5", "2.h5", "-o", "t.h5"]) == 2


MEANS = [[], ["--rc", "--strands", "1,0"]]


@pytest.mark.parametrize("strands", MEANS)
def test_a_mean_is_held_against_the_mean_of_the_models(
    plans: list[str], strands: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["run", *plans, "-s", "x.fa", "-o", "s.h5", *strands]
    models = [word for path in plans for word in ("-m", f"{path}.keras")]
    assert main([*line, *models]) == 0
    assert "agrees with the models: 192 mutants of 3 sequences" in capsys.readouterr().err
    attributes = read_scores("s.h5").attributes
    assert attributes["checked"].endswith("against the models' own predictions")
    assert attributes["checked_largest_difference"] < 1e-5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("fastism.runtime.both_strands.BothStrands._brought_back", "fold_0 differs by "),
        ("fastism.runtime.ensemble._Running.deviation", "the deviation of fold_0 differs by "),
    ],
)
def test_a_mean_that_is_not_the_models_is_kept_back(
    plans: list[str],
    wrong: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Sites of the other strand that are not turned back; a deviation that is none."""
    taken = (lambda self, found: found) if "brought" in wrong else property(lambda self: self.mean)
    monkeypatch.setattr(wrong, taken)
    models = [word for path in plans for word in ("-m", f"{path}.keras")]
    line = ["run", *plans, "-s", "x.fa", "-o", "s.h5", "--rc", "--strands", "same", *models]
    assert main(line) == 2
    assert f"the scores of this run are not the model's: {said}" in capsys.readouterr().err
    assert not Path("s.h5").exists()


def test_plans_and_models_that_do_not_fit_are_refused(
    plans: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["run", *plans, "-s", "x.fa", "-o", "s.h5"]
    assert main([*line, "-m", "model.h5"]) != 0
    assert "the model model.h5 does not exist" in capsys.readouterr().err
    assert main([*line, "-m", f"{plans[0]}.keras"]) != 0
    assert capsys.readouterr().err == (
        "fastism: --model is given once, and there are 2 plans\n"
        "  try: --model for each plan, in their order\n"
    )
    assert main([*line, "-m", f"{plans[1]}.keras", "-m", f"{plans[0]}.keras"]) != 0
    assert f"{plans[0]} was not compiled from {plans[1]}.keras" in capsys.readouterr().err
    assert main([*line, "--rc"]) != 0
    assert "output 'fold_0' has 2 channels, and it is not said" in capsys.readouterr().err
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
