"""What scores hold: an output by name, by position, or the only one; and the picture asked for."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from fastism import scores as definitions
from fastism.errors import InputError
from fastism.plotting import picture
from fastism.plotting.highlights import Highlight
from fastism.runtime.edited import Edited
from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores
from tests.runtime.small import NAMES, sequences, small


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small()


@pytest.fixture(scope="module")
def scored(plan: Plan) -> Scores:
    return plan(sequences(2))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was to be drawn: the landscape, and how."""
    asked: list[Any] = []

    def draw(landscape: Any, **how: Any) -> str:
        asked.append((landscape, how))
        return "the figure"

    monkeypatch.setattr(picture, "draw", draw)
    return asked


def test_outputs_by_name_and_by_position(scored: Scores) -> None:
    assert (list(scored), len(scored)) == (list(NAMES), 3)
    for position, name in enumerate(NAMES):
        assert scored[name] is scored[position] is scored[position - 3] is scored.heads[name]
    for wrong in (3, -4, "head", 1.0):
        with pytest.raises(InputError, match=rf"no output {wrong!r}\n.*has tasks, mean, track"):
            scored[wrong]  # type: ignore[index]


def test_the_only_output_needs_no_name(scored: Scores) -> None:
    alone = Scores({"mean": scored["mean"]})
    assert alone.reference is scored["mean"].reference
    assert alone.alternate is scored["mean"].alternate
    np.testing.assert_array_equal(alone.delta(), scored["mean"].delta())
    for name in definitions.SCORES:
        np.testing.assert_array_equal(alone.score(name), scored["mean"].score(name))
    with pytest.raises(InputError, match="the model has 3 outputs: tasks, mean, track"):
        scored.score("delta")


def test_a_picture_of_one_number_of_one_sequence(scored: Scores, drawn: list[Any]) -> None:
    marks = [(2, 4), (5, 8, "here")]
    figure: Any = scored.plot(
        1, output="mean", target=2, score="centered", start=1, stop=9, highlights=marks, name="mine"
    )
    assert figure == "the figure"
    ((landscape, how),) = drawn
    assert how == {
        "start": 1,
        "stop": 9,
        "highlights": [Highlight(2, 4), Highlight(5, 8, "here")],
    }
    assert (landscape.name, landscape.output, landscape.score) == ("mine", "mean[2]", "centered")
    assert landscape.alphabet == "ACGT"
    assert landscape.reference == scored["mean"].reference[1, 2]
    expected = scored["mean"].score("centered")[1, ..., 2].T
    np.testing.assert_allclose(landscape.values, expected, atol=1e-6)
    assert landscape.text == "".join("ACGT"[row] for row in sequences(2)[1].argmax(1))


def test_what_a_picture_shows_unless_told_otherwise(scored: Scores, drawn: list[Any]) -> None:
    scored.plot(output=2, target=(4, 0), alphabet="WXYZ")
    ((landscape, how),) = drawn
    assert how == {"start": None, "stop": None, "highlights": []}
    assert (landscape.name, landscape.output) == ("sequence 0", "track[4, 0]")
    assert (landscape.score, landscape.alphabet) == ("delta", "WXYZ")
    np.testing.assert_allclose(landscape.values, scored["track"].delta()[0, ..., 4, 0].T, atol=1e-6)
    alone = Scores({"mean": scored["mean"]}, scored.edited)
    alone.plot(score="l2")
    assert drawn[1][0].output == "mean"
    np.testing.assert_allclose(drawn[1][0].values, scored["mean"].score("l2")[0].T, atol=1e-6)
    with pytest.raises(InputError, match="the model has 3 outputs"):
        scored.plot(target=0)


def test_what_a_picture_needs(scored: Scores, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="do not hold their sequences, which a picture shows"):
        Scores(scored.heads).plot()
    monkeypatch.setitem(sys.modules, "logomaker", None)
    with pytest.raises(InputError, match=r"scores\.plot needs"):
        scored.plot(output=0, target=0)


def test_letters_of_channels_that_nobody_named() -> None:
    """Four are A, C, G and T; of others nothing is known."""
    rows = np.zeros((1, 2, 3))
    edited = Edited(rows, np.arange(2), 1, np.eye(3)[:, None])
    numbers = np.zeros((1, 1)), np.zeros((1, 2, 3, 1))
    with pytest.raises(InputError, match="have 3 channels, and no letters"):
        edited.scored(0, "out", *numbers, None, None)
    with pytest.raises(InputError, match="3 channels, and the alphabet AB 2 letters"):
        edited.scored(0, "out", *numbers, "AB", None)
    assert edited.scored(-1, "out", *numbers, "ABC", None).alphabet == "ABC"
    assert edited.scored(-1, "out", *numbers, "ABC", None).name == "sequence 0"
    with pytest.raises(InputError, match="there is no sequence 1: 1 were scored"):
        edited.scored(1, "out", *numbers, "ABC", None)
