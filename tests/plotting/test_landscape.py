"""What a picture shows of a sequence: numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.plotting.choices import SCORES
from fastism.plotting.landscape import landscape
from fastism.scores import SCORES as DEFINITIONS
from tests.plotting.scored import scored

DELTA = [[0, 1, 2, 3], [1.25, 0, 3.25, 4.25], [2.5, 3.5, 0, 5.5], [3.75, 4.75, 5.75, 6.75]]
"""By position and letter, of ACGN."""


def test_delta_has_minus_its_mean_as_the_logo() -> None:
    shown = landscape(scored())
    np.testing.assert_array_equal(shown.values.T, DELTA)
    np.testing.assert_array_equal(shown.heights, [-1.5, -2.1875, -2.875, -5.25])
    assert (shown.text, shown.labels, shown.start) == ("ACG.", ("A", "C", "G", "T"), 0)
    np.testing.assert_array_equal(shown.held.T, [*np.eye(4, dtype=bool)[:3], [False] * 4])
    assert (shown.reference, shown.output) == (1.0, "bound")


@pytest.mark.parametrize(
    ("score", "second", "height"),
    [
        ("raw", [2.25, 1, 4.25, 5.25], -2.1875),
        ("delta", [1.25, 0, 3.25, 4.25], -2.1875),
        ("centered", [-0.9375, -2.1875, 1.0625, 2.0625], -2.1875),
        ("hypothetical", [-0.9375, -2.1875, 1.0625, 2.0625], -2.1875),
        ("centered-alt", np.subtract([1.25, 0, 3.25, 4.25], 8.75 / 3), -8.75 / 3),
        ("logfc", np.log2([2.25, 1, 4.25, 5.25]), -np.log2([2.25, 1, 4.25, 5.25]).mean()),
        ("l2", [1.25, 0, 3.25, 4.25], 2.1875),
    ],
)
def test_every_score_at_the_second_position(score: str, second: object, height: float) -> None:
    shown = landscape(scored(), score)
    np.testing.assert_allclose(shown.values[:, 1], np.asarray(second), rtol=1e-12)
    np.testing.assert_allclose(shown.heights[1], height, rtol=1e-12)
    if score not in ("logfc", "l2"):
        np.testing.assert_allclose(shown.effects[:, 1], DELTA[1], rtol=1e-12)


def test_it_offers_every_definition_but_the_projected_one() -> None:
    assert set(SCORES) == set(DEFINITIONS) - {"contribution"}
    with pytest.raises(InputError, match="the logo above it shows contributions"):
        landscape(scored(), "contribution")


def test_only_sites_have_values() -> None:
    made = scored("ACGTACGT")
    part = scored("ACGTACGT", starts=np.array([2, 5]), alternate=made.alternate[[2, 5]])
    shown = landscape(part)
    assert (shown.start, shown.stop, shown.text) == (2, 6, "GTAC")
    assert np.isnan(shown.heights).tolist() == [False, True, True, False]
    assert np.isnan(shown.values).all(axis=0).tolist() == [False, True, True, False]
    assert shown.between(3, 6).text == "TAC"


def test_wide_sites_fill_their_positions_and_overlapping_ones_their_middle() -> None:
    rows = np.zeros((1, 3, 4), np.float32)
    alternate = np.array([3, 5], np.float32).reshape(2, 1, 1)
    apart = scored(
        "ACGTAC", starts=np.array([0, 3]), width=3, alternatives=rows, alternate=alternate
    )
    shown = landscape(apart)
    assert shown.labels == ("zeros",)
    assert shown.values.tolist() == [[2, 2, 2, 4, 4, 4]]
    assert shown.heights.tolist() == [-2, -2, -2, -4, -4, -4]
    near = scored(
        "ACGTAC", starts=np.array([0, 1]), width=3, alternatives=rows, alternate=alternate
    )
    shown = landscape(near)
    assert (shown.start, shown.values.tolist()) == (1, [[2, 4]])


def test_alternatives_are_called_by_what_they_write() -> None:
    eye = np.eye(4, dtype=np.float32)
    mixed = np.array([[0.5, 0.5, 0, 0]] * 2)
    words = np.stack([eye[[0, 1]], mixed, np.full((2, 4), 0.25), np.zeros((2, 4))])
    made = scored("ACGT", starts=np.array([0]), width=2, alternatives=words)
    assert made.labels == ("AC", "2", "uniform", "zeros")
    assert made.held.tolist() == [[True, False, False, False]]
    own = scored("ACGT", starts=np.array([0]), width=2, alternatives=words[None])
    assert own.labels == ("1", "2", "3", "4")
    assert own.held.tolist() == [[True, False, False, False]]


def test_a_target_is_picked_and_named() -> None:
    alternate = np.arange(4 * 4 * 6, dtype=np.float32).reshape(4, 4, 2, 3)
    made = scored(reference=np.arange(6, dtype=np.float32).reshape(2, 3), alternate=alternate)
    shown = landscape(made, "raw", (1, 2))
    assert (shown.output, shown.reference) == ("bound[1, 2]", 5.0)
    np.testing.assert_array_equal(shown.values, alternate[..., 1, 2].T)
    assert landscape(made, "raw", (-1, -1)).output == "bound[1, 2]"
    far = landscape(made, "l2")
    assert (far.output, np.isnan(far.reference)) == ("bound", True)
    d = alternate[1, 2] - made.reference
    assert far.values[2, 1] == pytest.approx(np.sqrt((d.astype(float) ** 2).sum()))
    with pytest.raises(InputError, match=r"6 numbers a sequence.*\n.*\(2, 3\)\n.*0,0 to 1,2"):
        landscape(made)
    for wrong in ((2, 0), (0,), (0, 0, 0)):
        with pytest.raises(InputError, match="has no target"):
            landscape(made, "raw", wrong)


def test_what_is_no_number_is_missing() -> None:
    alternate = scored().alternate.copy()
    alternate[1, 2], alternate[2, 0] = np.inf, np.nan
    shown = landscape(scored(alternate=alternate))
    assert np.isnan(shown.values).T.tolist() == [
        *([False] * 4, [False, False, True, False], [True, False, False, False], [False] * 4)
    ]
    assert np.isnan(shown.heights).tolist() == [False, True, True, False]


def test_it_refuses_what_has_no_meaning_or_no_room() -> None:
    zeros = scored(alternatives=np.zeros((4, 1, 4), np.float32))
    with pytest.raises(InputError, match="is of letters"):
        landscape(zeros, "centered")
    many = np.zeros((65, 1, 4), np.float32)
    with pytest.raises(InputError, match="room for 64"):
        landscape(scored(alternatives=many, alternate=np.zeros((4, 65, 1), np.float32)))
