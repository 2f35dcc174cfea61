"""An exact answer to a question nobody asked is warned of, once; tracks beside letters stay."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import fastism
from fastism.checking.check import check_plan
from fastism.errors import FastismWarning, InputError, PlanError

LENGTH = 24
LETTERS = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, LENGTH))]
TRACKS = np.random.default_rng(1).normal(size=(2, LENGTH, 2)).astype(np.float32)


def model_of(channels: int, *first: Any, length: int = LENGTH) -> keras.Model:
    inputs = x = keras.Input((length, channels))
    for layer in (*first, layers.Conv1D(6, 5), layers.Flatten(), layers.Dense(1)):
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.fixture(scope="module")
def plain() -> keras.Model:
    return model_of(4)


@pytest.fixture(scope="module")
def tracked() -> keras.Model:
    return model_of(6)


def said(plan: fastism.Plan, x: Any, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plan(x, **options)
    return [str(each.message) for each in caught if each.category is FastismWarning]


def with_row(row: list[float]) -> Any:
    x = LETTERS.copy()
    x[1, 5] = row
    return x


FINE: dict[str, Any] = {
    "letters": LETTERS,
    "unknown": with_row([0, 0, 0, 0]),
    "any": with_row([0.25, 0.25, 0.25, 0.25]),
    "one of two": with_row([0.5, 0, 0.5, 0]),
}
ODD: dict[str, tuple[Any, str]] = {
    "two-hot": (2 * LETTERS, "48 of the 48 rows"),
    "scaled": (LETTERS / 4, "0.25"),
    "centred": (LETTERS - 0.25, "-0.25"),
    "one row": (with_row([1, 1, 0, 0]), "sequence 1, position 5: [1, 1, 0, 0]"),
}


@pytest.mark.parametrize("name", FINE)
def test_letters_and_unknown_ones_are_fine(plain: keras.Model, name: str) -> None:
    assert not said(fastism.compile(plain), FINE[name])


@pytest.mark.parametrize("name", ODD)
def test_other_rows_are_warned_of_once(plain: keras.Model, name: str) -> None:
    x, shown = ODD[name]
    plan = fastism.compile(plain)
    (message,) = said(plan, x)
    assert shown in message
    assert "alternatives=" in message
    assert not said(plan, x)


def test_rows_of_the_sequences_own_kind_are_no_letters(plain: keras.Model) -> None:
    plan = fastism.compile(plain)
    assert not said(plan, 2 * LETTERS, alternatives=2 * np.eye(4))
    assert not said(plan, 2 * LETTERS, alternatives="zeros")
    assert not said(fastism.compile(plain, alternatives=2 * np.eye(4)), 2 * LETTERS)


def test_tracks_beside_the_letters_are_warned_of(tracked: keras.Model) -> None:
    (message,) = said(fastism.compile(tracked), np.concatenate([LETTERS, TRACKS], -1))
    assert "letters=slice(0, 4)" in message


def test_a_transposed_array_is_said_to_look_so() -> None:
    model = model_of(LENGTH, layers.ZeroPadding1D(4), length=4)
    (message,) = said(fastism.compile(model, length=4), LETTERS.transpose(0, 2, 1))
    assert "transposed" in message
    with pytest.raises(InputError, match="transposed"):
        fastism.compile(model_of(4))(LETTERS.transpose(0, 2, 1))


def test_a_model_of_channels_first_takes_either_form() -> None:
    plan = fastism.compile(model_of(LENGTH, layers.Permute((2, 1)), length=4))
    own = LETTERS.transpose(0, 2, 1)
    assert not said(plan, own)
    assert plan(own).alternate.shape[:3] == (2, LENGTH, 4)
    np.testing.assert_array_equal(plan(own).alternate, plan(LETTERS).alternate)


def test_peptides_shorter_than_their_alphabet_are_fine() -> None:
    peptides = np.eye(20)[np.random.default_rng(0).integers(0, 20, (3, 9))]
    assert not said(fastism.compile(model_of(20, length=9)), peptides)


CHANNELS: dict[str, tuple[Any, list[int]]] = {
    "first": (slice(0, 4), [0, 1, 2, 3]),
    "last": (slice(-4, None), [2, 3, 4, 5]),
    "listed": ([5, 0, 2, 3], [5, 0, 2, 3]),
}


def by_hand(model: keras.Model, x: Any, channels: list[int], row: Any, site: int) -> Any:
    mutant = x.copy()
    mutant[:, site, channels] = row
    return np.asarray(model(mutant))


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("saved", [False, True])
def test_the_letters_are_written_and_the_tracks_kept(
    tracked: keras.Model, name: str, saved: bool, tmp_path: Path
) -> None:
    given, channels = CHANNELS[name]
    x = np.zeros((2, LENGTH, 6), np.float32)
    x[..., channels] = LETTERS
    x[..., [each for each in range(6) if each not in channels]] = TRACKS
    plan = fastism.compile(tracked, letters=given)
    check_plan(plan, tracked)
    if saved:
        plan.save(tmp_path / "plan")
        plan = fastism.load(tmp_path / "plan")
    assert plan.letters == tuple(channels)
    assert not said(plan, x)
    scores = plan(x)
    assert scores.alternate.shape[:3] == (2, LENGTH, 4)
    for site in (0, 11, LENGTH - 1):
        for letter in range(4):
            wanted = by_hand(tracked, x, channels, np.eye(4)[letter], site)
            np.testing.assert_allclose(scores.alternate[:, site, letter], wanted, atol=1e-5)
    assert np.all(scores.delta()[LETTERS == 1] == 0)


WRITTEN: dict[str, Callable[[], tuple[Any, Any]]] = {
    "zeros": lambda: ("zeros", np.zeros(4)),
    "rows of letters": lambda: (np.full((1, 4), 0.5), np.full(4, 0.5)),
    "whole rows": lambda: (np.full((1, 6), 0.5), np.full(4, 0.5)),
    "rows by sequence": lambda: (np.full((2, 1, 1, 4), 0.5), np.full(4, 0.5)),
    "whole rows by site": lambda: (np.full((2, LENGTH, 1, 1, 6), 0.5), np.full(4, 0.5)),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_other_alternatives_keep_the_tracks_too(tracked: keras.Model, name: str) -> None:
    given, row = WRITTEN[name]()
    x = np.concatenate([LETTERS, TRACKS], -1)
    scores = fastism.compile(tracked, letters=slice(0, 4))(x, alternatives=given)
    wanted = by_hand(tracked, x, [0, 1, 2, 3], row, 7)
    np.testing.assert_allclose(scores.alternate[:, 7, 0], wanted, atol=1e-5)


@pytest.mark.parametrize("letters", [slice(4, 4), [0, 0], [6], "ACGT", 4, [0.5], [True]])
def test_letters_that_are_no_channels(tracked: keras.Model, letters: Any) -> None:
    with pytest.raises(InputError, match="letters="):
        fastism.compile(tracked, letters=letters)


def test_a_manifest_with_other_channels_is_refused(tracked: keras.Model, tmp_path: Path) -> None:
    plan = fastism.compile(tracked, letters=[0, 1])
    plan.letters = (0, 9)
    plan.save(tmp_path / "plan")
    with pytest.raises(PlanError, match="letters in its manifest"):
        fastism.load(tmp_path / "plan")
