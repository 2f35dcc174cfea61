"""The mean over both strands, held against the model called on each mutant's reverse complement."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

import fastism
from fastism import BothStrands, Plan
from fastism.errors import InputError
from fastism.runtime.strands import Turn, complement, parse_strands

Array = npt.NDArray[Any]

LENGTH = 24
RANDOM = np.random.default_rng(0)
X = np.eye(4, dtype=np.float32)[RANDOM.integers(0, 4, (2, LENGTH))]


def network(channels: int = 4) -> keras.Model:
    """Nothing of it is symmetric: a task head, a track of each strand, and one number."""
    keras.utils.set_random_seed(5)
    inputs = keras.Input((LENGTH, channels))
    x = layers.Conv1D(6, 5, activation="relu", padding="same")(inputs)
    profile = layers.Conv1D(2, 4, padding="valid", name="profile")(x)
    track = layers.Conv1D(1, 3, padding="same", name="track")(x)
    tasks = layers.Dense(3, name="tasks")(layers.Flatten()(x))
    number = layers.Dense(1, name="number")(layers.GlobalMaxPooling1D()(x))
    return keras.Model(inputs, [profile, track, tasks, number])


MODEL = network()
STRANDS = {"profile": "swapped", "tasks": "same"}


def plan_of(**options: Any) -> Plan:
    return fastism.compile(MODEL, backend="reference", **options)


def expected(mutant: Array) -> list[Array]:
    """The mean over both strands of the outputs for one sequence (L, 4), worked out by hand."""
    first = [np.asarray(output)[0] for output in MODEL(mutant[None])]
    profile, track, tasks, number = (
        np.asarray(output)[0] for output in MODEL(mutant[::-1, ::-1][None])
    )
    back = [profile[::-1, ::-1], track[::-1], tasks, number]
    return [(a + b) / 2 for a, b in zip(first, back, strict=True)]


def agrees(scores: Any, index: tuple[int, ...], mutant: Array) -> None:
    for head, wanted in zip(scores.heads.values(), expected(mutant), strict=True):
        np.testing.assert_allclose(head.alternate[index], wanted, atol=1e-5)


@pytest.mark.parametrize("sites", [None, slice(3, 11), [7, 0, 20]])
def test_every_letter_is_that_of_both_strands(sites: Any) -> None:
    plan = plan_of(sites=sites)
    scores = BothStrands(plan, STRANDS)(X)
    for n, (site, start) in [(0, each) for each in enumerate(plan.executor.starts)][:3]:
        for letter in range(4):
            mutant = X[n].copy()
            mutant[start] = np.eye(4)[letter]
            agrees(scores, (n, site, letter), mutant)
    for head, wanted in zip(scores.heads.values(), expected(X[1]), strict=True):
        np.testing.assert_allclose(head.reference[1], wanted, atol=1e-5)
    held = scores["number"].one_hot == 1
    same = np.broadcast_to(scores["number"].reference[:, None, None], (*held.shape, 1))
    np.testing.assert_array_equal(scores["number"].alternate[held], same[held])  # bit for bit


def test_wide_sites_and_rows_of_each_sequences_own() -> None:
    both = BothStrands(plan_of(sites=slice(2, 12), width=3, alternatives="zeros"), STRANDS)
    starts = both.plan.executor.starts
    rows = np.eye(4)[RANDOM.integers(0, 4, (2, len(starts), 2, 3))]
    scores = both(X, alternatives=rows)
    for n, site, row in [(0, 0, 1), (1, 4, 0), (1, len(starts) - 1, 1)]:
        mutant = X[n].copy()
        mutant[starts[site] : starts[site] + 3] = rows[n, site, row]
        agrees(scores, (n, site, row), mutant)


def test_substitutions_and_predictions_of_both_strands() -> None:
    both = BothStrands(plan_of(), STRANDS)
    scored = both.variants(X, [0, 1, 1], [0, 22, 10], ["GAT", "AC", np.eye(4)[[2]]])
    for index, (n, position, text) in enumerate([(0, 0, [2, 0, 3]), (1, 22, [0, 1]), (1, 10, [2])]):
        mutant = X[n].copy()
        mutant[position : position + len(text)] = np.eye(4)[text]
        for scores, wanted, before in zip(
            scored.values(), expected(mutant), expected(X[n]), strict=True
        ):
            np.testing.assert_allclose(scores.alternate[index], wanted, atol=1e-5)
            np.testing.assert_allclose(scores.reference[index], before, atol=1e-5)
    for values, wanted in zip(both.predict(X).values(), expected(X[0]), strict=True):
        np.testing.assert_allclose(values[0], wanted, atol=1e-5)
    (first,) = both.stream([X])
    np.testing.assert_array_equal(first["tasks"].alternate, both(X)["tasks"].alternate)


def test_tracks_beside_the_letters_are_reversed_and_stay_what_they_are() -> None:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((LENGTH, 6))
    model = keras.Model(inputs, layers.Dense(1)(layers.Flatten()(layers.Conv1D(3, 5)(inputs))))
    x = np.concatenate([RANDOM.normal(size=(1, LENGTH, 2)), X[:1]], axis=-1).astype(np.float32)
    plan = fastism.compile(model, letters=slice(2, 6), backend="reference")
    mutant = x[0].copy()
    mutant[5, 2:] = [0, 1, 0, 0]
    other = np.concatenate([mutant[::-1, :2], mutant[::-1, :1:-1]], axis=-1)
    wanted = np.mean([np.asarray(model(each[None]))[0] for each in (mutant, other)], axis=0)
    np.testing.assert_allclose(BothStrands(plan)(x).alternate[0, 5, 1], wanted, atol=1e-5)


def test_progress_runs_once_over_both_strands() -> None:
    said: list[tuple[int, int]] = []
    BothStrands(plan_of(), STRANDS)(X, progress=lambda *now: said.append(now))
    assert said == sorted(said)
    assert said[-1] == (2 * 2 * LENGTH * 4, 2 * 2 * LENGTH * 4)


def test_letters_without_another_strand_are_refused() -> None:
    assert complement("ACGT", 4).tolist() == [3, 2, 1, 0]
    assert complement("UGCAN", 5).tolist() == [3, 2, 1, 0, 4]
    assert complement("ACGT", 6, (1, 2, 3, 4)).tolist() == [0, 4, 3, 2, 1, 5]
    with pytest.raises(InputError, match="the letter A of the alphabet ACG has no complement"):
        complement("ACG", 3)
    with pytest.raises(InputError, match="the letter D of the alphabet D has no complement"):
        complement("D", 1)
    with pytest.raises(InputError, match="20 channels of letters, and the alphabet ACGT 4"):
        complement("ACGT", 20)


OUTPUTS = {"profile": (21, 2), "tasks": (3,), "number": (1,), "track": (24, 1), "none": ()}


def test_what_an_output_is_on_the_other_strand_is_said() -> None:
    given = {"profile": [1, 0], "tasks": "same"}
    assert parse_strands(OUTPUTS, given) == {
        "profile": Turn(True, (1, 0)),
        "tasks": Turn(),
        "number": Turn(),
        "track": Turn(reverse=True),
        "none": Turn(),
    }
    values = np.arange(3)[None]
    assert parse_strands({"a": (3,)}, "reversed")["a"](values, 1).tolist() == [[2, 1, 0]]
    assert parse_strands({"a": (3,)}, "same")["a"](values, 1).tolist() == [[0, 1, 2]]
    values = np.arange(6).reshape(1, 3, 2)
    assert parse_strands({"a": (3, 2)}, "swapped")["a"](values, 2).tolist() == [
        [[5, 4], [3, 2], [1, 0]]
    ]
    assert parse_strands({"a": (3, 2)}, "reversed")["a"](values, 2).tolist() == [
        [[4, 5], [2, 3], [0, 1]]
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "output 'profile' has 2 channels, and it is not said"),
        ({"profile": "same"}, "output 'tasks' has 3 channels"),
        ({"profile": "other"}, "strands='other' does not fit output 'profile'"),
        ([0, 0], "each of the channels 0 to 1 once"),
        ({"nothing": "same"}, "output 'nothing', which is not scored"),
    ],
)
def test_strands_that_do_not_fit_are_refused(given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_strands(OUTPUTS, given)


def test_an_input_beside_the_sequence_without_another_strand_is_refused() -> None:
    x, beside = keras.Input((LENGTH, 4), name="x"), keras.Input((LENGTH, 2), name="beside")
    y = layers.Flatten()(layers.Conv1D(2, 3)(layers.Concatenate()([x, beside])))
    plan = fastism.compile(keras.Model([x, beside], layers.Dense(1)(y)), backend="reference")
    with pytest.raises(InputError, match=r"the input 'beside' .* has no reverse complement"):
        BothStrands(plan)
