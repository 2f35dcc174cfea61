"""Arguments held against what they must be: counts, names, channels, tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.runtime.alternatives import shuffled
from fastism.runtime.arguments import array_of, names_of, require_count
from fastism.runtime.letters import parse_letters, placed
from fastism.runtime.meant import doubt
from fastism.runtime.memory import default_memory
from fastism.runtime.tokens import alternative_rows, as_rows, token_count


def test_counts() -> None:
    for given in (1, np.int32(7)):
        require_count("n", given)
    require_count("n", None, optional=True)
    for given in (0, -1, 1.0, True, "1", None):
        with pytest.raises(InputError, match=f"n must be a whole number above zero, not {given!r}"):
            require_count("n", given)
    with pytest.raises(InputError, match="above zero, not 0"):
        require_count("n", 0, optional=True)


def test_names() -> None:
    assert names_of("stop", "one") == ("one",)
    assert names_of("stop", ["one", "two"]) == ("one", "two")
    assert names_of("stop", ()) == ()
    for given in (3, ["one", 3], {"one"}):
        with pytest.raises(InputError, match="stop must be a name or a list of names, not"):
            names_of("stop", given)


def test_lists_of_different_lengths_are_no_array() -> None:
    assert array_of([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    found = array_of([[1, 2], [3]])
    assert (found.dtype, found.shape) == (object, (0,))


@pytest.mark.parametrize(
    ("given", "letters"),
    [
        (None, None),
        (slice(0, 4), (0, 1, 2, 3)),
        (slice(None, None, -2), (5, 3, 1)),
        ([2, 0], (2, 0)),
        (np.array([5]), (5,)),
    ],
)
def test_letters(given: Any, letters: Any) -> None:
    assert parse_letters(given, 6) == letters


@pytest.mark.parametrize(
    "given", [slice(6, 9), [], [0, 0], [6], [-1], [0.0], [True], "ACGT", 3, [[0]], slice("a")]
)
def test_no_letters(given: Any) -> None:
    with pytest.raises(InputError, match=r"letters=.* cannot be read") as caught:
        parse_letters(given, 6)
    assert "each once, of 0 to 5" in str(caught.value)
    assert "--letters 0:4" in str(caught.value)


def test_tokens_have_no_letters() -> None:
    assert parse_letters(None, 6, tokens=True) is None
    with pytest.raises(InputError, match="token numbers, which have no channels") as caught:
        parse_letters([0], 6, tokens=True)
    assert caught.value.attempt is None


def test_letters_in_their_channels() -> None:
    rows = np.array([[1, 2], [3, 4]], np.int8)
    found = placed(rows, (3, 1), 4)
    assert found.tolist() == [[0, 2, 0, 1], [0, 4, 0, 3]]
    assert found.dtype == np.int8


@pytest.mark.parametrize(
    ("pages", "memory"), [(1 << 20, 1 << 30), ((1 << 20) + 4, (1 << 30) + 4096), (1, 1 << 28)]
)
def test_a_quarter_of_free_memory(pages: int, memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"SC_AVPHYS_PAGES": pages, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr("os.sysconf", known.__getitem__)
    assert default_memory() == memory


def test_memory_that_no_one_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> int:
        raise ValueError(name)

    monkeypatch.setattr("os.sysconf", unknown)
    assert default_memory() == 1 << 30


# -- tokens -------------------------------------------------------------------------------------


def test_token_numbers_as_rows() -> None:
    assert as_rows("x", [[0, 2]], 2, 3).tolist() == [[[1, 0, 0], [0, 0, 1]]]
    rows = np.eye(3)[[[0, 2]]]
    assert as_rows("x", rows, 2, 3) is rows
    other = np.zeros((2, 3))
    assert as_rows("x", other, 2, 3) is other  # not (N, 2): its shape is told of elsewhere
    for numbers in ([[0, 3]], [[-1, 0]], [[0.5, 0]]):
        with pytest.raises(InputError, match="the input 'x' holds numbers that are not tokens"):
            as_rows("x", numbers, 2, 3)
    for wrong in (np.zeros((1, 2, 3)), np.full((1, 2, 3), 1 / 3), np.ones((1, 2, 3))):
        with pytest.raises(InputError, match="the input 'x' is not one token at every position"):
            as_rows("x", wrong, 2, 3)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        (None, None),
        ("letters", None),
        ([0, 4], 5),
        ([[0, 1], [2, 6]], 7),
        ([-1, 2], None),
        ([0.0, 1.0], None),
        ([], None),
        ([[[0]]], None),
        (3, None),
        ([[0, 1], [2]], None),
    ],
)
def test_how_many_tokens_there_are(given: Any, count: int | None) -> None:
    assert token_count(given) == count


def test_tokens_as_alternatives() -> None:
    assert alternative_rows([2, 0], 1, 3).tolist() == [[[0, 0, 1]], [[1, 0, 0]]]
    assert alternative_rows([[2], [0]], 1, 3).tolist() == [[[0, 0, 1]], [[1, 0, 0]]]
    assert alternative_rows([[2, 0]], 2, 3).tolist() == [[[0, 0, 1], [1, 0, 0]]]
    for given in (None, "letters", [2, 0, 1], [[0, 1, 2]]):
        assert alternative_rows(given, 2, 3) is given
    rows = [[1.0], [0.0]]
    assert alternative_rows(rows, 1, 1) is rows
    with pytest.raises(InputError, match=r"an alternative holds .*|whole numbers in \[0, 3\)"):
        alternative_rows([3], 1, 3)


def test_rows_in_random_orders() -> None:
    """Letters are kept; the orders are by the seed and the sequence, whatever stands beside it."""
    rows = np.eye(4)[np.random.default_rng(0).integers(0, 4, (2, 3, 7))]
    found = shuffled(rows, 5, seed=1)
    assert found.shape == (2, 3, 5, 7, 4)
    counts = rows.sum(axis=2)
    assert (found.sum(axis=3) == counts[:, :, None]).all()
    assert (found != rows[:, :, None]).any()
    assert len({each.tobytes() for each in found[0, 0]}) > 1
    assert (shuffled(rows[1:], 5, seed=1) == found[1:]).all()
    assert (shuffled(rows, 5, seed=2) != found).any()
    assert (shuffled(rows, seed=0) == shuffled(rows, 20)).all()
    for wrong, count in ((rows[0], 5), (rows, 0)):
        with pytest.raises(InputError, match=rf"cannot shuffle .*\) {count} times"):
            shuffled(wrong, count)


# -- letters written into what is none ----------------------------------------------------------


LETTERS = np.eye(4)[:, None]


@pytest.mark.parametrize(
    "row", [[0, 1, 0, 0], [0, 0, 0, 0], [0.25] * 4, [0.5, 0.5, 0, 0], [0.3, 0.3, 0.4, 0.0005]]
)
def test_rows_that_are_letters(row: list[float]) -> None:
    assert doubt(np.array([[row] * 5]), LETTERS, None) is None


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ([0, 2, 0, 0], "[0, 2, 0, 0]"),
        ([1, 1, 0, 0], "[1, 1, 0, 0]"),
        ([2, -1, 0, 0], "[2, -1, 0, 0]"),
        ([0.25, 0.25, 0.25, 0.2525], "[0.25, 0.25, 0.25, 0.2525]"),
    ],
)
def test_rows_that_are_none(row: list[float], shown: str) -> None:
    x = np.tile(np.eye(4)[0], (3, 9, 1))
    x[1, 2] = x[2, 4] = row
    said = doubt(x, LETTERS, None)
    assert said is not None
    assert said.startswith(
        f"2 of the 27 rows of the sequences are not one-hot (sequence 1, position 2: {shown})"
    )
    assert "letters=slice(0, 4)" in said
    assert doubt(x, 2 * LETTERS, None) is None
    assert doubt(x, np.full((1, 1, 4), 0.25), None) is None


def test_only_the_letters_are_looked_at() -> None:
    x = np.concatenate([np.eye(4)[[[0, 1, 2, 3, 0]]], np.full((1, 5, 3), 7.0)], axis=-1)
    rows = np.eye(4, 7)[:, None]
    assert doubt(x, rows, (0, 1, 2, 3)) is None
    said = doubt(x, rows, None)
    assert said is not None
    assert "(sequence 0, position 0: [1, 0, 0, 0, 7, 7, ...])" in said


def test_what_looks_transposed() -> None:
    for positions in ([0, 1, 1, 5], [0, 1, 1, 3]):  # as many channels as positions, or fewer
        whole = np.swapaxes(np.eye(max(positions) + 1)[[positions]], 1, 2)
        said = doubt(whole, np.eye(4)[:, None], None)
        assert said is not None
        assert "transposed" not in said
    x = np.swapaxes(np.eye(4)[[[0, 1, 2, 3, 0, 0]]], 1, 2)  # (1, 4, 6)
    said = doubt(x, np.eye(6)[:, None], None)
    assert said is not None
    assert "with 4 positions of 6 channels they look transposed" in said
    assert "x.transpose(0, 2, 1)" in said
