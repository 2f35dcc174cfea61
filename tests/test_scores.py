"""Score definitions, held against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fastism import scores
from fastism.errors import InputError
from tests.compiled import compiled_case

REFERENCE = np.array([[2.0], [1.0]])
"""Two sequences, a model with one output."""

ALTERNATE = np.array([[[[2.0], [5.0], [4.0], [1.0]]], [[[2.0], [3.0], [1.5], [5.5]]]])
"""One site of four letters; the first sequence holds A there, the second N."""

HELD = np.array([[[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]]])

BY_HAND = {
    "raw": ([2, 5, 4, 1], [2, 3, 1.5, 5.5]),
    "delta": ([0, 3, 2, -1], [1, 2, 0.5, 4.5]),
    "centered": ([-1, 2, 1, -2], [-1, 0, -1.5, 2.5]),
    "centered-alt": ([-4 / 3, 5 / 3, 2 / 3, -7 / 3], [-1, 0, -1.5, 2.5]),
    "hypothetical": ([-1, 2, 1, -2], [-1, 0, -1.5, 2.5]),
    "contribution": ([-1, 0, 0, 0], [0, 0, 0, 0]),
    "logfc": ([0, np.log2(2.5), 1, -1], [1, np.log2(3), np.log2(1.5), np.log2(5.5)]),
    "l2": ([0, 3, 2, 1], [1, 2, 0.5, 4.5]),
}


@pytest.mark.parametrize("name", scores.SCORES)
def test_every_score_is_the_number_by_hand(name: str) -> None:
    definition = scores.named(name)
    got = definition(REFERENCE, ALTERNATE, HELD)
    expected = np.array(BY_HAND[name])[:, None]
    np.testing.assert_allclose(got[..., 0] if definition.per_output else got, expected, rtol=1e-12)


def test_outputs_are_scored_each_for_itself_and_l2_over_all() -> None:
    reference = np.array([[1.0, 10.0]])
    alternate = np.array([[[[1.0, 10.0], [4.0, 14.0]]]])
    held = np.array([[[1.0, 0.0]]])
    np.testing.assert_array_equal(
        scores.centered(reference, alternate), [[[[-1.5, -2.0], [1.5, 2.0]]]]
    )
    np.testing.assert_array_equal(
        scores.contribution(reference, alternate, held), [[[[-1.5, -2.0], [0.0, 0.0]]]]
    )
    np.testing.assert_array_equal(scores.l2(reference, alternate), [[[0.0, 5.0]]])
    with pytest.raises(InputError, match="do not belong together"):
        scores.delta(reference[:, :1], alternate)
    with pytest.raises(InputError, match="the letter each sequence holds at each site"):
        scores.contribution(reference, alternate, held[0])


def test_the_formula_at_the_reference_base_is_what_the_table_says() -> None:
    """The table's own words, evaluated."""
    d = np.array([0.0, 3.0, 2.0, -1.0])
    known = {"f(reference)": 2.0, "sum": np.sum, "d": d, "A": 4}
    for name, definition in scores.SCORES.items():
        text = definition.at_reference
        expected = known[text] if text in known else eval(text, known)
        assert BY_HAND[name][0][0] == pytest.approx(expected), name


def test_logarithms_of_what_has_none_are_refused() -> None:
    with pytest.raises(InputError, match="2 predictions are zero or negative"):
        scores.logfc(np.array([[1.0]]), np.array([[[[0.0], [-1.0], [1.0], [2.0]]]]))


def test_names_are_forgiven_a_dash_and_no_more() -> None:
    assert scores.named("centered_alt") is scores.SCORES["centered-alt"]
    with pytest.raises(InputError, match="did you mean centered"):
        scores.named("centred")
    with pytest.raises(InputError, match="needs the letters that the sequences hold"):
        scores.SCORES["contribution"](REFERENCE, ALTERNATE)


LETTERS = np.eye(4)[:, None]


@pytest.mark.parametrize(
    ("alternatives", "letters", "are"),
    [
        (LETTERS, None, True),
        (np.pad(LETTERS, ((0, 0), (0, 0), (2, 0))), (2, 3, 4, 5), True),
        (LETTERS[::-1], None, False),
        (LETTERS[::-1], (3, 2, 1, 0), True),
        (LETTERS[:3], None, False),
        (np.repeat(LETTERS, 2, axis=1), None, False),
        (np.zeros((1, 1, 4)), None, False),
        (LETTERS[None, None], None, False),
    ],
)
def test_letters_are_each_letter_once_in_the_channels_order(
    alternatives: npt.NDArray[Any], letters: tuple[int, ...] | None, are: bool
) -> None:
    assert scores.writes_letters(alternatives, letters) is are
    scores.require_letters("delta", alternatives, letters)
    if are:
        scores.require_letters("centered", alternatives, letters)
    else:
        with pytest.raises(InputError, match="the score centered is of letters"):
            scores.require_letters("centered", alternatives, letters)


def test_a_plan_hands_on_the_letters() -> None:
    case = compiled_case("two_inputs_dict", "reference")
    x = case.inputs
    head = case.plan(x)[0]
    assert head.one_hot is not None
    held = head.one_hot == 1
    contribution = head.score("contribution")
    assert not contribution[~held].any()
    np.testing.assert_array_equal(contribution[held], head.score("centered")[held])
    np.testing.assert_array_equal(head.score("delta"), head.delta())
    other = case.plan(x, alternatives="zeros")[0]
    assert other.one_hot is None
    np.testing.assert_array_equal(other.score("delta"), other.delta())
    with pytest.raises(InputError, match="the score contribution is of letters"):
        other.score("contribution")
