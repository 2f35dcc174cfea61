"""Sequences and scores cut and joined: the same, in the same order, in even steps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fastism.io.regions import Region
from fastism.io.rows import Rows, even, joined


def rows(*numbers: int, own: bool = True) -> Rows:
    """Sequences that are their own numbers, with all that rows may have, or with as little."""
    array = np.array(numbers, np.float64)
    return Rows(
        [f"s{number}" for number in numbers],
        array,
        {"y": (array + 100, array + 200), "z": (array + 300, array + 400)},
        array + 500 if own else None,
        [Region("c", number, number + 1) for number in numbers] if own else None,
        {"y": (array + 600, array + 700), "z": (array + 800, array + 900)} if own else None,
    )


def same(found: Rows, expected: Rows) -> None:
    assert list(found.names) == list(expected.names)
    assert found.sequences.tolist() == expected.sequences.tolist()
    names = tuple(expected.scores)
    ours, theirs = found.datasets(names), expected.datasets(names)
    assert {key: each.tolist() for key, each in ours.items()} == {
        key: each.tolist() for key, each in theirs.items()
    }
    assert (found.alternatives is None) == (expected.alternatives is None)
    if found.alternatives is not None and expected.alternatives is not None:
        assert found.alternatives.tolist() == expected.alternatives.tolist()
    assert found.regions == expected.regions


@pytest.mark.parametrize("own", [True, False])
def test_a_part_and_the_whole_again(own: bool) -> None:
    whole = rows(0, 1, 2, 3, 4, own=own)
    same(whole.part(1, 3), rows(1, 2, own=own))
    same(joined([whole.part(0, 1), whole.part(1, 4), whole.part(4, 5)]), whole)
    assert joined([whole]) is whole


@pytest.mark.parametrize("cuts", [[7], [1] * 7, [2, 2, 2, 1], [1, 5, 1], [3, 0, 4], [4, 1, 2]])
def test_even_steps_however_a_run_was_cut(cuts: list[int]) -> None:
    ends = np.cumsum([0, *cuts])
    whole = rows(*range(7))
    blocks = [whole.part(a, b) for a, b in pairwise(ends)]
    for count, steps in ((3, [3, 3, 1]), (7, [7]), (2, [2, 2, 2, 1]), (9, [7])):
        found = list(even(blocks, count))
        assert list(map(len, found)) == steps
        same(joined(found), whole)


def test_nothing_in_even_steps() -> None:
    assert list(even([], 3)) == []


def test_the_names_of_datasets() -> None:
    found = rows(1).datasets(["z"])
    assert {key: each.tolist() for key, each in found.items()} == {
        "z/reference": [301],
        "z/alternate": [401],
        "z/reference_std": [801],
        "z/delta_std": [901],
    }
    assert list(rows(1, own=False).datasets(["y"])) == ["y/reference", "y/alternate"]
