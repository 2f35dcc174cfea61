"""How long an item takes: which chunks are run, and how often, by a clock of the test's own."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest

from fastism.ir.program import Group
from fastism.runtime.timing import Timed
from tests.runtime.small import EDGE, group_of, small, two_graphs


class Counted:
    """An executor that computes nothing and keeps what it was asked to run."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def run_chunks(self, *asked: Any) -> None:
        self.asked.append(asked)


def timed(group: Group, pairs: int, deadline: float = 1e9) -> tuple[float, list[tuple[Any, ...]]]:
    executor, rows = Counted(), np.eye(4)
    given = {"seq": np.zeros(1)}, {"conv": np.ones(1)}
    schedule = Timed(executor, group, pairs, rows, *given)  # type: ignore[arg-type]
    schedule.settle(deadline=deadline)
    for asked in executor.asked:
        assert asked[0] is group
        assert asked[1:3] == given
        assert asked[4] is rows
        assert asked[5] == pairs
        assert asked[3] is executor.asked[0][3]
    return schedule.seconds_an_item, executor.asked


@pytest.mark.parametrize(
    ("shown", "deadline", "runs", "best"),
    [
        # A look before and after every run that counts, and one where another may follow.
        ([9.0, 9.25, 9.25, 9.25, 9.375, 9.375, 9.375, 9.4375, 9.4375], 1e9, 4, 1 / 16),
        ([9.0, 9.375, 9.375, 9.375, 9.5], 1e9, 3, 1 / 8),
        ([9.0, 9.5], 1e9, 2, 1 / 2),
        ([9.0, 9.25, 9.25], 9.125, 2, 1 / 4),
        ([9.0, 9.125, 9.125, 9.125, 9.25, 9.25], 9.2, 3, 1 / 8),
    ],
    ids=["at most four runs", "until enough", "one long run", "none after", "the time is over"],
)
def test_the_best_of_a_few_runs_the_first_not_counted(clock, shown, deadline, runs, best) -> None:
    (group,) = small().executor.groups
    clock(iter(shown))
    taken, asked = timed(group, 2, deadline)
    assert len(asked) == runs
    assert taken == pytest.approx(best / 12)  # two chunks, of two pairs, of three items


def test_what_serves_chunks_of_any_size_compiles_with_one_of_a_single_pair(clock) -> None:
    clock(count())
    (group,) = small().executor.groups
    executor = Counted()
    Timed(executor, group, 6, np.eye(4), {}, {}).settle(any_size=True)  # type: ignore[arg-type]
    assert [(len(asked[3]), asked[5]) for asked in executor.asked] == [(6, 1), (36, 6)]


@pytest.mark.parametrize(
    ("shown", "sizes", "best"),
    [
        ([9.0, 12.0, 12.0, 14.0], [1, 2, 2], 2 / 12),  # the better of two
        ([9.0, 12.0, 12.0, 13.0, 13.0, 14.0, 14.0], [1, 2, 2, 8], 1 / 48),
        ([9.0, 10.0, 10.0, 11.0, 11.0], [1, 2, 8], 1 / 48),
    ],
    ids=["far behind", "in a slow moment", "not far behind"],
)
def test_a_part_of_a_chunk_shows_that_a_schedule_is_far_behind(clock, shown, sizes, best) -> None:
    """One that takes more than an eighth of a second an item; two chunks of so many pairs run."""
    (group,) = small().executor.groups
    clock(iter(shown))
    executor = Counted()
    schedule = Timed(executor, group, 8, np.eye(4), {}, {})  # type: ignore[arg-type]
    schedule.settle(any_size=True, deadline=0.0, far=1 / 8)
    assert [asked[5] for asked in executor.asked] == sizes
    assert schedule.seconds_an_item == pytest.approx(best)


@pytest.mark.parametrize(
    ("pairs", "options"), [(3, {"any_size": True, "far": 0.1}), (8, {"far": 0.1}), (8, {})]
)
def test_without_a_bound_or_a_smaller_chunk_all_is_run(clock, pairs, options) -> None:
    clock(count())
    (group,) = small().executor.groups
    executor = Counted()
    Timed(executor, group, pairs, np.eye(4), {}, {}).settle(**options)  # type: ignore[arg-type]
    first = 1 if options.get("any_size") else pairs
    assert [asked[5] for asked in executor.asked] == [first, pairs]


def test_chunks_that_are_timed_lie_all_over_the_sites(clock) -> None:
    """Of the nine sites that agree in where the dense layer reads; beyond the last, from the first.

    By letters in turn, of a single sequence.
    """
    clock(count())
    (group,) = small().executor.groups
    expected = {
        1: [1, 6],
        2: [1, 2, 5, 6],
        3: [0, 1, 2, 5, 6, 7],
        8: [*range(8), *range(1, 9)],
        10: 2 * [*range(9), 0],
    }
    for pairs, sites in expected.items():
        items = timed(group, pairs)[1][0][3]
        found = items.site.reshape(-1, 3)
        assert found.tolist() == [[site] * 3 for site in sites], pairs
        assert items.sequence.tolist() == [0] * (3 * len(sites))
        assert items.alternative.tolist() == [n % 4 for n in range(3 * len(sites))]


def test_sites_that_need_not_agree_are_all_timed(clock) -> None:
    clock(count())
    group = group_of(two_graphs(), EDGE)
    assert timed(group, 1)[1][0][3].site.tolist() == [*[group.sites[0]] * 3, *[group.sites[2]] * 3]
