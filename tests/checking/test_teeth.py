"""The comparison and the oracles fail when they should."""

from __future__ import annotations

import re
import sys
from ast import literal_eval
from collections.abc import Callable
from contextlib import nullcontext

import keras
import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.checking.tolerances import tolerance_of
from fastism.errors import MismatchError
from fastism.ir.ranges import Interval, Range
from fastism.ir.windows import Window
from fastism.passes.propagation.layout import Layout
from fastism.runtime.inputs import random_inputs
from fastism.runtime.scores import HeadScores, Scores
from fastism.testing import fuzz, oracles
from fastism.testing import trial as trials
from fastism.testing.compare import assert_matches_model, assert_same_scores, differences
from fastism.testing.random_models import Drawing, draw
from fastism.testing.trial import Locality, Recipe
from tests.zoo import ENTRIES


@pytest.mark.parametrize("name", ["chain_valid", "global_average", "pool_even"])
def test_a_window_one_position_too_narrow_is_seen(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    covering = Layout.covering

    def narrow(tight: Range, *, multiple: int = 1) -> Layout:
        layout = covering(tight, multiple=multiple)
        return Layout(layout.start, layout.width - 1) if layout.width > 1 else layout

    monkeypatch.setattr(Layout, "covering", narrow)
    model = ENTRIES[name].build()
    plan = api.compile(model, backend="reference")
    with pytest.raises(AssertionError, match="the scores differ"):
        assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


def test_a_failure_names_the_item_and_the_values(compiled: Callable) -> None:
    case = compiled("local_and_global_outputs")
    right = case.plan(case.inputs)
    label = np.array(right["label"].alternate)
    label[1, 12, 3, 0] += 0.5
    wrong = Scores({**right.heads, "label": HeadScores(right["label"].reference, label)})
    text = (
        r"output 'label', alternate: off by \d\.\de-01 of its scale, where 1e-05 is allowed\n"
        r"  at sequence 1, site 12 \[12, 13\), alternative 3, element \(0,\): \S+, not \S+\n"
        r"  1 of 320 items differ"
    )
    with pytest.raises(AssertionError, match=text):
        assert_same_scores(case.plan, wrong, right)
    assert_same_scores(case.plan, right, right, 0.0)


def test_differences_take_infinities_and_nan_at_their_word() -> None:
    expected = np.array([np.nan, np.inf, -np.inf, 2.0, np.inf])
    found = np.array([np.nan, np.inf, np.inf, 1.0, 1.0])
    assert differences(found, expected).tolist() == [0, 0, np.inf, 0.5, np.inf]
    assert differences(np.array([np.nan]), np.array([1.0])).tolist() == [np.inf]


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [
        ("float32", 1e-5),
        ("float64", 1e-7),
        ("mixed_float16", 5e-3),
        ("mixed_bfloat16", 5e-2),
    ],
)
def test_the_tolerance_is_the_rounding_of_the_models_type(dtype: str, tolerance: float) -> None:
    inputs = keras.Input((20, 4), dtype="float32")
    x = keras.layers.Conv1D(3, 3, dtype=dtype, name="narrow")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, dtype="float64")(x))
    assert tolerance_of(model) == tolerance


def test_what_is_next_to_nothing_is_compared_as_it_stands() -> None:
    """Of a scale of a millionth: rounding errors of zeros are none, and larger ones are."""
    assert differences(np.array([1e-12]), np.zeros(1)) == pytest.approx(1e-6)
    assert differences(np.array([2e-9]), np.array([1e-9])) == pytest.approx(1e-3)
    assert differences(np.array([3e-6]), np.array([2e-6])) == pytest.approx(0.5)


@pytest.mark.parametrize(("share", "seen"), [(2e-6, False), (4e-5, True), (-4e-5, True)])
def test_an_error_of_a_few_hundred_thousandths_is_seen(
    share: float, seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whoever compares in float32: the tests of numbers, the self-check, the fuzzer."""
    model = ENTRIES["pool_even"].build()
    plan = api.compile(model, backend="reference", sites=[0, 1, 20, 39])
    given = random_inputs(plan.module.main, 8)
    bias = model.layers[-1].bias
    bias.assign_add(share * np.abs(np.asarray(model(given))).max() * np.ones(bias.shape))
    drawing = Drawing(model, {}, {}, frozenset(), masked=False, coarse=False)
    monkeypatch.setattr(trials.api, "compile", lambda *_, **__: plan)
    monkeypatch.setattr(Recipe, "draw", lambda self: drawing)
    for compare, error in (
        (lambda: assert_matches_model(plan, model, given), "the scores differ"),
        (lambda: check_plan(plan, model), "disagrees"),
        (lambda: trials.trial(Recipe(1)), "the scores differ"),
    ):
        expected = pytest.raises((AssertionError, MismatchError), match=error)
        with expected if seen else nullcontext():
            compare()


def _annotated(name: str) -> tuple:
    plan = api.compile(ENTRIES[name].build(), backend="reference")
    module = oracles.positive(plan.stage["annotated"])
    return module, oracles.positive_inputs(module.main)


@pytest.mark.parametrize(("by", "fails"), [(-1, "unsound"), (1, "loose")])
def test_a_change_range_one_position_off_is_seen(
    by: int, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = Window.forward

    def off(self: Window, change: Range, length: int) -> Range:
        right = forward(self, change, length)
        return Range(right.start, right.stop + by, length) if self.width > 1 else right

    monkeypatch.setattr(Window, "forward", off)
    module, inputs = _annotated("chain_valid")
    unsound = list(oracles.unsound_changes(module, inputs, [0, 20]))
    loose = list(oracles.loose_changes(module, inputs, [0, 20]))
    assert bool(unsound) == (fails == "unsound")
    assert loose
    assert re.match(r"%conv1d.* \(edit at 0\): \[0,\d+\) happened", str(loose[0]))


@pytest.mark.parametrize(("by", "fails"), [(1, "unsound"), (-1, "loose")])
def test_a_need_range_one_position_off_is_seen(
    by: int, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backward = Window.backward

    def off(self: Window, need: Interval, length: int) -> Interval:
        right = backward(self, need, length)
        return Interval(max(0, right.start + by), right.stop)

    monkeypatch.setattr(Window, "backward", off)
    module, inputs = _annotated("crop_between")
    assert bool(list(oracles.unsound_needs(module, inputs))) == (fails == "unsound")
    assert bool(list(oracles.loose_needs(module, inputs))) == (fails == "loose")


def test_the_fuzzer_shrinks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails with one step fails with that step alone, in the shortest sequence."""

    def faulty(recipe: Recipe) -> Locality:
        if recipe.seed == 8 and any(path.startswith("t2") for path in recipe.draw().parts):
            raise AssertionError("the scores differ")
        return Locality(3, 4)

    monkeypatch.setattr(trials, "trial", faulty)
    assert fuzz.told(7) == {"seed": 7, "on_windows": 3, "reached": 4}
    recipe, *lines = fuzz.told(8)["error"].splitlines()
    parts = draw(8, length=8, without=literal_eval(recipe.partition("without=")[2][:-1])).parts
    assert recipe.startswith("draw(8, length=8, without=[")
    assert [path for path in parts if path.startswith("t")] == ["t2"]
    assert lines[-1].startswith("AssertionError at test_teeth.py")


def test_the_fuzzer_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a process of its own, and once more where that breaks down."""
    assert fuzz.main(["1", "11"]) == 0
    assert "1 of 1 models agree" in capsys.readouterr().out
    monkeypatch.setattr(sys, "executable", "false")
    assert fuzz.main(["1", "11"]) == 1
    printed = capsys.readouterr().out
    assert "seed 11: the process ended with 1" in printed
    assert "0 of 1 models agree" in printed
