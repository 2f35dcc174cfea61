"""What is written at sites, as arrays alone: names, rows, and rows of each sequence's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.ir.types import TensorType
from fastism.runtime.alternatives import (
    of_sequences,
    parse_alternatives,
    parse_written,
    rows_of,
    shuffled,
)
from fastism.runtime.items import Items

EDITED, WHOLE = TensorType.parse("f32[N,9,4]"), TensorType.parse("i32[N,9,4]")
LETTERS = np.eye(4)


@pytest.mark.parametrize(
    ("given", "width", "expected"),
    [
        (None, 1, LETTERS[:, None]),
        ("letters", 3, np.stack([LETTERS] * 3, axis=1)),
        ("zeros", 2, np.zeros((1, 2, 4))),
        ("uniform", 2, np.full((1, 2, 4), 0.25)),
        ("words", 2, LETTERS[[[a, b] for a in range(4) for b in range(4)]]),
        (LETTERS[:2], 1, LETTERS[:2, None]),
        (LETTERS[None, 1:3], 2, LETTERS[None, 1:3]),
    ],
)
def test_what_a_name_or_rows_stand_for(given: Any, width: int, expected: np.ndarray) -> None:
    found = parse_alternatives(given, width, EDITED)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    double = parse_alternatives(given, width, TensorType.parse("f64[N,9,4]"))
    assert double.dtype == np.float64


def test_words_are_listed_up_to_4096() -> None:
    assert parse_alternatives("words", 6, EDITED).shape == (4096, 6, 4)
    with pytest.raises(InputError, match="4\\*\\*7 words of 7 letters, more than 4096"):
        parse_alternatives("words", 7, EDITED)


@pytest.mark.parametrize(
    ("given", "width", "edited", "message"),
    [
        (None, 2, EDITED, "2 positions wide, so the alternatives must be given"),
        ("letter", 1, EDITED, "no alternatives 'letter'\n  why: the names are 'letters', 'words'"),
        (LETTERS, 2, EDITED, r"shape \(4, 4\)\n  why: they must be \(A, 2, 4\)"),
        (np.zeros((0, 1, 4)), 1, EDITED, r"shape \(0, 1, 4\)"),
        (np.zeros((2, 1, 5)), 1, EDITED, r"must be \(A, 1, 4\)"),
        (["A"], 1, EDITED, "not rows of numbers"),
        ("uniform", 1, WHOLE, "not whole"),
        (np.full((1, 1, 4), 0.5), 1, WHOLE, "not whole"),
    ],
)
def test_what_is_refused(given: Any, width: int, edited: TensorType, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_alternatives(given, width, edited)


def test_rows_of_each_sequence_and_site() -> None:
    rows = np.arange(3 * 2 * 5 * 1 * 4.0).reshape(3, 2, 5, 1, 4)
    assert parse_written(rows, 1, EDITED, 3, 2).shape == (3, 2, 5, 1, 4)
    assert parse_written(rows[:, 0], 1, EDITED, 3, 2).shape == (3, 1, 5, 1, 4)
    assert parse_written(rows[:1], 1, EDITED, 3, 2).shape == (1, 2, 5, 1, 4)
    assert parse_written("zeros", 1, EDITED, 3, 2).shape == (1, 1, 4)
    for wrong in (rows[:2], rows[:, :, :0], rows[:, :, :, :, :3], rows[..., None]):
        with pytest.raises(InputError, match=r"must be \(3, A, 1, 4\), .* \(3, 2, A, 1, 4\)"):
            parse_written(wrong, 1, EDITED, 3, 2)
    np.testing.assert_array_equal(parse_written(rows[0, 0], 1, EDITED, 3, 2), rows[0, 0])
    np.testing.assert_array_equal(parse_written(LETTERS, 1, EDITED, 3, 2), LETTERS[:, None])
    with pytest.raises(InputError, match="not whole"):
        parse_written(rows + 0.5, 1, WHOLE, 3, 2)


def test_an_item_writes_its_own_row() -> None:
    items = Items(np.array([2, 0]), np.array([1, 0]), np.array([4, 3]))
    rows = np.arange(3 * 2 * 5 * 4.0).reshape(3, 2, 5, 1, 4)
    for given, expected in (
        (rows, [rows[2, 1, 4], rows[0, 0, 3]]),
        (rows[:, :1], [rows[2, 0, 4], rows[0, 0, 3]]),
        (rows[:1], [rows[0, 1, 4], rows[0, 0, 3]]),
        (rows[0, 0], [rows[0, 0, 4], rows[0, 0, 3]]),
    ):
        found = rows_of(given, items, np.float32)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


def test_the_rows_of_some_sequences() -> None:
    rows = np.arange(3 * 4.0).reshape(3, 1, 1, 1, 4)
    np.testing.assert_array_equal(of_sequences(rows, np.array([2, 0])), rows[[2, 0]])
    assert of_sequences(rows[:1], np.array([2])).shape == (1, 1, 1, 1, 4)
    assert of_sequences(rows[0, 0], slice(2, 3)).shape == (1, 1, 4)


def test_shuffles_keep_the_rows_of_a_site_and_hang_on_the_seed() -> None:
    held = np.random.default_rng(0).random((2, 3, 8, 4))
    found = shuffled(held, 6, seed=1)
    assert found.shape == (2, 3, 6, 8, 4)
    np.testing.assert_array_equal(
        np.sort(found, axis=3), np.sort(held, axis=2)[:, :, None] + 0 * found
    )
    assert len(np.unique(found.reshape(36, -1), axis=0)) == 36
    np.testing.assert_array_equal(shuffled(held[1:], 6, seed=1), found[1:])
    assert not np.array_equal(shuffled(held, 6, seed=2), found)
    assert shuffled(held).shape[2] == 20
    for wrong, count in ((held[0], 1), (held, 0)):
        with pytest.raises(InputError, match=f"cannot shuffle .* {count} times"):
            shuffled(wrong, count)


def test_tokens_are_written_as_rows_of_one() -> None:
    found = parse_alternatives([2, 0], 1, EDITED, tokens=True)
    np.testing.assert_array_equal(found, LETTERS[[2, 0], None])
    found = parse_written(np.array([[3, 1]]), 2, EDITED, 3, 2, tokens=True)
    np.testing.assert_array_equal(found, LETTERS[None, [3, 1]])
    assert parse_written("letters", 1, EDITED, 3, 2, tokens=True).shape == (4, 1, 4)
    for given in (np.full((1, 1, 4), 0.25), np.full((3, 2, 1, 1, 4), 0.25)):
        with pytest.raises(InputError, match="an alternative"):
            parse_written(given, 1, EDITED, 3, 2, tokens=True)
