"""Every form in which sites may be named, and what each stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.ir.module import Sites
from fastism.runtime.sites import parse_sites

LENGTH = 20
MASK = np.arange(LENGTH) % 5 < 3

FORMS: list[tuple[Any, int | None, list[int], int]] = [
    (None, None, list(range(20)), 1),
    (None, 18, [0, 1, 2], 18),
    (None, 20, [0], 20),
    (slice(None, None, 5), None, [0, 5, 10, 15], 1),
    (slice(4, 8), None, [4, 5, 6, 7], 1),
    (slice(4, 8), 3, [4, 5], 3),
    (slice(-20, 20, 1), 19, [0, 1], 19),
    ([(4, 5), (2, 3)], None, [4, 2], 1),
    (slice(-4, None), 2, [16, 17, 18], 2),
    (slice(None, None, 6), 6, [0, 6, 12], 6),
    (range(1, 20, 7), None, [1, 8, 15], 1),
    (range(0, 12, 4), 8, [0, 4, 8], 8),
    ([7, 0, 7], None, [7, 0, 7], 1),
    (np.array([3, 2], np.int8), 2, [3, 2], 2),
    ([(12, 15), (0, 3)], None, [12, 0], 3),
    (np.array([[4, 6], [5, 7]]), 2, [4, 5], 2),
    (MASK, None, np.flatnonzero(MASK).tolist(), 1),
    (MASK.tolist(), 3, [0, 5, 10, 15], 3),
    ({1: None, 2: None}.keys(), None, [1, 2], 1),
    (Sites((5, 9), 4), None, [5, 9], 4),
]


@pytest.mark.parametrize(("given", "width", "starts", "wide"), FORMS)
def test_what_a_form_stands_for(given: Any, width: int, starts: list[int], wide: int) -> None:
    assert parse_sites(given, LENGTH, width) == Sites(tuple(starts), wide)


@pytest.mark.parametrize(
    ("given", "width", "message"),
    [
        ([], None, "no sites to edit"),
        (slice(3, 5), 4, "no sites to edit"),
        (np.zeros(LENGTH, bool), None, "no sites to edit"),
        ([3, 20], None, r"\[20, 21\) is not inside \[0, 20\)"),
        ([-1], None, r"\[-1, 0\) is not inside"),
        ([18], 3, r"\[18, 21\) is not inside"),
        ([(5, 4)], None, r"the site \[5, 4\) holds no position"),
        ([(0, 1), (2, 4)], None, r"one width; got widths \[1, 2\]"),
        ([(0, 2)], 3, "2 wide, and width=3 was given"),
        (None, 21, "cannot be 21 positions wide"),
        (None, 0, "width must be a whole number"),
        (slice(0, 21), None, "reaches out of the input"),
        (slice(None, None, -1), None, "does not run forwards"),
        (MASK[:7], None, "7 entries, and the input 20"),
        ([1.5], None, "cannot be read as sites"),
        ([3, (4, 5)], None, "cannot be read as sites"),
        (7, None, "cannot be read as sites"),
        ("every:5", None, "cannot be read as sites"),
        ([[1, 2, 3]], None, "cannot be read as sites"),
        (np.zeros((2, 2), bool), None, "cannot be read as sites"),
    ],
)
def test_what_is_refused(given: Any, width: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_sites(given, LENGTH, width)
