"""What letters and outputs become on the other strand, as values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.runtime.strands import Turn, complement, parse_strands


@pytest.mark.parametrize(
    ("alphabet", "channels", "letters", "partners"),
    [
        ("ACGT", 4, None, [3, 2, 1, 0]),
        ("TAGC", 4, None, [1, 0, 3, 2]),
        ("ACGU", 4, None, [3, 2, 1, 0]),
        ("ACGTN", 5, None, [3, 2, 1, 0, 4]),
        ("ACGT", 7, (1, 2, 4, 6), [0, 6, 4, 3, 2, 5, 1]),
    ],
)
def test_complements(
    alphabet: str, channels: int, letters: tuple[int, ...] | None, partners: list[int]
) -> None:
    assert complement(alphabet, channels, letters).tolist() == partners


@pytest.mark.parametrize(
    ("alphabet", "channels", "letters", "said"),
    [
        ("ACGT", 5, None, "5 channels of letters, and the alphabet ACGT 4 letters"),
        ("ACGT", 5, (0, 1, 2), "3 channels of letters, and the alphabet ACGT 4 letters"),
        ("ACG", 3, None, "the letter A of the alphabet ACG has no complement there"),
        ("ACGTU", 5, None, "the letter A of the alphabet ACGTU has no complement"),
        ("WXYZ", 4, None, "the letter W"),
    ],
)
def test_no_complement(
    alphabet: str, channels: int, letters: tuple[int, ...] | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        complement(alphabet, channels, letters)


ONE, TASKS, LINE, TRACKS = (), (3,), (5, 1), (5, 2)


@pytest.mark.parametrize(
    ("shape", "given", "turn"),
    [
        (ONE, None, Turn()),
        ((1,), None, Turn()),
        (LINE, None, Turn(reverse=True)),
        (ONE, "same", Turn()),
        (TASKS, "same", Turn()),
        (TASKS, "reversed", Turn(True, (2, 1, 0))),
        (TASKS, "swapped", Turn(True, (2, 1, 0))),
        (TRACKS, "same", Turn()),
        (TRACKS, "reversed", Turn(True)),
        (TRACKS, "swapped", Turn(True, (1, 0))),
        (TRACKS, [1, 0], Turn(True, (1, 0))),
        (TASKS, np.array([0, 2, 1]), Turn(True, (0, 2, 1))),
        (ONE, "swapped", Turn(True)),
    ],
)
def test_how_an_output_is_turned_back(shape: tuple[int, ...], given: Any, turn: Turn) -> None:
    assert parse_strands({"y": shape}, given) == {"y": turn}
    assert parse_strands({"x": (), "y": shape}, {"y": given}) == {"x": Turn(), "y": turn}


@pytest.mark.parametrize(
    ("shape", "given", "said"),
    [
        (TASKS, None, "output 'y' has 3 channels, and it is not said"),
        (TRACKS, None, "output 'y' has 2 channels"),
        (TRACKS, "turned", "strands='turned' does not fit output 'y'"),
        (TRACKS, [0, 0], r"strands=\[0, 0\] does not fit"),
        (TRACKS, [1], "each of the channels 0 to 1 once"),
        (TRACKS, [0.0, 1.0], "does not fit output 'y'"),
        (TRACKS, {"z": "same"}, "strands are given for the output 'z', which is not scored"),
    ],
)
def test_what_does_not_fit(shape: tuple[int, ...], given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_strands({"y": shape}, given)


def test_values_are_turned() -> None:
    values = np.arange(12).reshape(2, 3, 2)
    assert Turn()(values, 2) is values
    assert Turn(True)(values, 2).tolist() == values[:, ::-1].tolist()
    assert Turn(True)(values, 1).tolist() == values.tolist()
    assert Turn(True, (1, 0))(values, 2).tolist() == values[:, ::-1, ::-1].tolist()
    assert Turn(False, (1, 0))(values, 1).tolist() == values[..., ::-1].tolist()
    assert Turn(True)(values, 3).tolist() == values[::-1].tolist()
