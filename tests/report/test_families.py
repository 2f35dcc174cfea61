"""Families of ranges in few numbers, and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastism.report.families import expand, runs
from tests.compiled import Case

SITES = np.arange(10_000)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=200))
def test_any_sequence_comes_back(values: list[int]) -> None:
    sequence = np.cumsum(values)
    np.testing.assert_array_equal(expand(runs(sequence), len(sequence)), sequence)


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (np.zeros(10_000, int), 3),
        (np.clip(SITES - 9, 0, 9_990), 9),
        (np.clip((SITES - 9) // 3, 0, 3_000), 30),
        (np.clip((SITES + 40) // 128, 0, 70), 400),
        (np.maximum(SITES // 2 * 2 - 5, 0), 12),
    ],
)
def test_what_follows_the_site_takes_few_numbers(values: np.ndarray, most: int) -> None:
    found = runs(values)
    np.testing.assert_array_equal(expand(found, len(values)), values)
    assert sum(map(len, found)) <= most


@pytest.mark.parametrize("name", ["basset", "spliceai", "unet", "shared_strands"])
def test_every_range_of_a_model_comes_back(compiled: Callable[..., Case], name: str) -> None:
    for value in compiled(name).plan.stage["segmented"].main.values.values():
        for ends in (*value.change.starts, *value.change.stops):
            np.testing.assert_array_equal(expand(runs(ends), len(ends)), ends)
