"""Substitutions of any width: the model's own numbers, through whichever program scores them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

import fastism
from fastism.errors import FastismWarning, InputError
from fastism.runtime.alike import serves
from fastism.runtime.execute import Executor
from fastism.runtime.plan import Plan

LENGTH = 90
Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    x = sequence = layers.Input((LENGTH, 4), name="dna")
    x = layers.Conv1D(8, 7, padding="same", activation="relu")(x)
    x = layers.MaxPooling1D(3)(x)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(x)
    profile = layers.Conv1D(2, 3, padding="same", name="profile")(x)
    x = layers.Dense(10, activation="relu")(layers.Flatten()(x))
    return keras.Model(sequence, [layers.Dense(3, name="class")(x), profile])


@pytest.fixture(scope="module")
def plan(model: keras.Model) -> Plan:
    return fastism.compile(model)


def sequences(count: int) -> Array:
    letters = np.random.default_rng(5).integers(0, 4, (count, LENGTH))
    return np.eye(4, dtype=np.float32)[letters]


def edits(count: int, widths: list[int], sequences: int) -> tuple[Array, Array, list[Array]]:
    """Substitutions of these widths in turn, the first and last at the edges."""
    random = np.random.default_rng(7)
    width = np.resize(widths, count)
    position = np.array([random.integers(0, LENGTH - w + 1) for w in width])
    position[0], position[-1] = 0, LENGTH - width[-1]
    rows = [np.eye(4, dtype=np.float32)[random.integers(0, 4, w)] for w in width]
    return random.integers(0, sequences, count), position, rows


def mutants(x: Array, sequence: Array, position: Array, rows: list[Array]) -> Array:
    result = x[sequence]
    for mutant, at, own in zip(result, position, rows, strict=True):
        mutant[at : at + len(own)] = own
    return result


def same(
    found: Any, model: keras.Model, x: Array, chosen: tuple[Array, Array, list[Array]]
) -> None:
    expected = model.predict(mutants(x, *chosen), verbose=0)
    before = model.predict(x, verbose=0)
    for name, alternate, reference in zip(("class", "profile"), expected, before, strict=True):
        np.testing.assert_allclose(found[name].alternate, alternate, atol=1e-5)
        np.testing.assert_allclose(found[name].reference, reference[chosen[0]], atol=1e-5)
        delta = alternate - reference[chosen[0]]
        np.testing.assert_allclose(found[name].delta(), delta, atol=2e-5)
        assert np.abs(delta).max() > 1e-2


def test_every_width_gives_the_models_numbers(plan: Plan, model: keras.Model) -> None:
    x, chosen = sequences(6), edits(240, [1, 2, 4, 3, 20, 70], 6)
    same(plan.variants(x, *chosen, batch_size=4), model, x, chosen)
    assert sorted(plan.resited._made) == [4, 64]  # of 2, 3 and 4; of 20; those of 70 whole


def test_the_reference_is_computed_once_for_all_widths(
    model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, x = fastism.compile(model), sequences(5)
    chosen = edits(200, [1, 2, 20], 5)
    runs: list[int] = []
    reference = Executor.reference

    def counted(self: Executor, inputs: Any) -> Any:
        runs.append(len(inputs["dna"]))
        return reference(self, inputs)

    monkeypatch.setattr(Executor, "reference", counted)
    same(plan.variants(x, *chosen, batch_size=3), model, x, chosen)
    assert sorted(plan.resited._made) == [4, 64]
    assert runs == [3, 2]


def test_a_program_that_keeps_less_serves_no_other(plan: Plan, model: keras.Model) -> None:
    other = fastism.compile(model, stop_layers=model.layers[1].name)
    assert serves(plan.module, plan.with_sites(width=4).module)
    assert not serves(other.module, plan.module)
    weights = fastism.compile(keras.models.clone_model(model))
    assert not serves(weights.module, plan.module)


def test_many_of_a_sequence_are_one_run(plan: Plan, model: keras.Model) -> None:
    """Some of one site, some of the same site and letter, and what is there already."""
    x = sequences(2)
    sequence, position = np.repeat([1, 0, 1], 5), np.resize([7, 7, 30], 15)
    rows = [
        x[s, p : p + 1] if i == 3 else np.eye(4)[[i % 4]]
        for i, (s, p) in enumerate(zip(sequence, position, strict=True))
    ]
    found = plan.variants(x, sequence, position, rows)
    same(found, model, x, (sequence, position, rows))
    assert not found["class"].delta()[3].any()


def test_few_of_a_width_make_no_program(model: keras.Model) -> None:
    plan, x = fastism.compile(model), sequences(3)
    chosen = edits(31, [2], 3)
    same(plan.variants(x, *chosen), model, x, chosen)
    assert not plan.resited._made


def test_a_plan_of_few_sites_scores_them_all(model: keras.Model) -> None:
    plan, x = fastism.compile(model, sites=slice(40, 50)), sequences(3)
    chosen = edits(60, [1], 3)
    same(plan.variants(x, *chosen), model, x, chosen)
    assert list(plan.resited._made) == [1]
    inside = (np.array([0, 2]), np.array([40, 49]), [np.eye(4)[[2]], np.eye(4)[[1]]])
    same(plan.variants(x, *inside), model, x, inside)


def test_a_plan_that_begins_late_predicts_whole(plan: Plan, model: keras.Model) -> None:
    late = fastism.from_module(plan.stage["split"], plan=plan)
    x, chosen = sequences(2), edits(40, [1, 3], 2)
    same(late.variants(x, *chosen), model, x, chosen)
    assert not late.resited._made
    with pytest.raises(InputError, match="begins with a module of stage split"):
        late.with_sites()


def test_text_stands_for_rows(plan: Plan) -> None:
    texts = ["ACGT" * 22 + "AC", "TTGCA" * 18]
    x = fastism.one_hot(texts)
    rows = ["G", "acg", "N"]
    found = plan.variants(texts, [0, 1, 1], [3, 50, 8], rows)
    by_rows = plan.variants(x, [0, 1, 1], [3, 50, 8], [fastism.one_hot(row) for row in rows])
    np.testing.assert_array_equal(found["class"].alternate, by_rows["class"].alternate)
    scores = plan(texts)
    np.testing.assert_array_equal(scores["class"].reference, plan.predict(x)["class"])
    np.testing.assert_array_equal(plan(texts[1])["class"].reference, plan(x[1:])["class"].reference)
    with pytest.raises(InputError, match="reads 4 channels, and the alphabet ACGTM has 5 letters"):
        plan.variants(texts, [0], [0], ["A"], alphabet="ACGTM")
    with pytest.raises(InputError, match="nor strings of 90 letters\n  why: the strings have 4"):
        plan("ACGT")


def test_letters_beside_tracks(model: keras.Model) -> None:
    """Rows of the letters leave the tracks as they are, in wide programs and whole."""
    wide = layers.Input((LENGTH, 6))
    plan = fastism.compile(keras.Model(wide, model(layers.Conv1D(4, 1)(wide))), letters=slice(0, 4))
    x = np.concatenate([sequences(2), np.random.default_rng(1).normal(size=(2, LENGTH, 2))], -1)
    sequence, position, rows = edits(40, [1, 70], 2)
    found = plan.variants(x, sequence, position, rows)
    expected = x[sequence].astype(np.float32)
    for mutant, at, own in zip(expected, position, rows, strict=True):
        mutant[at : at + len(own), :4] = own
    for name, values in plan.predict(expected).items():
        np.testing.assert_allclose(found[name].alternate, values, atol=1e-5)


def test_none_at_all(plan: Plan) -> None:
    found = plan.variants(sequences(1), [], [], [])
    assert found["profile"].alternate.shape == (0, 30, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0], [LENGTH - 1], ["AC"]), r"substitution 0, \[89, 91\), is not inside \[0, 90\)"),
        (([0], [LENGTH], ["A"]), r"position must be in \[0, 90\); got 90 to 90"),
        (([2], [0], ["A"]), r"sequence must be in \[0, 2\); got 2 to 2"),
        (([0], [0, 1], ["A", "C"]), "sequence, position and rows must be of one length"),
        (([0], [0], [""]), "substitution 0 cannot be read"),
        (([0], [0], [np.zeros((1, 3))]), "substitution 0 has rows of 3 channels, and the model 4"),
        (([0], [0], [None]), "substitution 0 cannot be read"),
        (([0], [0], ["AJ"]), "'J' at position 1 of sequence 0 is not a letter of ACGT"),
    ],
)
def test_what_does_not_fit(plan: Plan, arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan.variants(sequences(2), *arguments)


def test_progress_and_doubt(model: keras.Model) -> None:
    plan, seen = fastism.compile(model), list[tuple[int, int]]()
    chosen = edits(60, [1, 2, 70], 2)
    with pytest.warns(FastismWarning, match="are not one-hot"):
        plan.variants(2 * sequences(2), *chosen, progress=lambda *done: seen.append(done))
    assert seen[-1] == (60, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
