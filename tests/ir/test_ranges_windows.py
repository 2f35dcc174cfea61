"""Ranges and window relations against sets, and an explicit loop over positions and taps."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastism.ir import Interval, Range, Whole, Window
from fastism.ir.ranges import MOST

LENGTH = st.integers(1, 12)
WINDOWS = st.builds(
    Window,
    width=st.integers(1, 5),
    stride=st.integers(-4, 4).filter(bool),
    dilation=st.integers(1, 4),
    pad=st.integers(-12, 8),
    factor=st.integers(1, 3),
)


def hull(positions: Iterable[int]) -> Interval:
    found = list(positions)
    return Interval(min(found), max(found) + 1) if found else Interval(0, 0)


def intervals(positions: Iterable[int]) -> tuple[Interval, ...]:
    """The runs of a set; beyond ``MOST`` the nearest are joined, of equal gaps the last one."""
    found = sorted(set(positions))
    while True:
        splits = [i for i in range(1, len(found)) if found[i] > found[i - 1] + 1]
        if len(splits) < MOST:
            break
        least = min(splits, key=lambda i: (found[i] - found[i - 1], -i))
        found = sorted([*found, *range(found[least - 1] + 1, found[least])])
    parts = np.split(np.array(found, int), splits)
    return tuple(Interval(int(part[0]), int(part[-1]) + 1) for part in parts if len(part))


def reads(window: Window, output: int, length: int) -> set[int]:
    """The inputs one output reads: each tap, if it falls inside the upsampled input."""
    taps = (output * window.stride - window.pad + k * window.dilation for k in range(window.width))
    return {tap // window.factor for tap in taps if 0 <= tap < length * window.factor}


@st.composite
def families(draw: st.DrawFn, length: int, sites: int) -> Range:
    rows = draw(st.integers(1, 6))
    ends = st.lists(st.integers(0, length), min_size=sites, max_size=sites)
    family = st.lists(ends, min_size=rows, max_size=rows)
    return Range(np.array(draw(family)), np.array(draw(family)), length)


def members(*given: Interval) -> set[int]:
    return {position for i in given for position in range(i.start, i.stop)}


@given(st.data(), st.integers(1, 40))
def test_a_family_holds_the_positions_it_was_given(data: st.DataObject, length: int) -> None:
    rows = data.draw(st.integers(1, 8))
    ends = st.tuples(st.integers(-3, length + 3), st.integers(-3, length + 3))
    sites = [data.draw(st.lists(ends, min_size=rows, max_size=rows)) for _ in range(3)]
    starts, stops = np.array(sites).transpose(2, 1, 0)
    family = Range(starts, stops, length)
    for site, pairs in enumerate(sites):
        held = {p for start, stop in pairs for p in range(max(start, 0), min(stop, length))}
        assert family.at(site) == intervals(held)
        assert family.widths[site] == len(members(*intervals(held)))
        assert Interval(family.start[site], family.stop[site]) == hull(held)
        assert family.counts[site] == len(family.at(site))
    assert len(family.starts) == max(1, family.counts.max())
    assert family.width == sum(strip.width for strip in family.intervals)
    assert family.strips == tuple(strip.width for strip in family.intervals)


@given(st.data(), WINDOWS, LENGTH, LENGTH)
def test_forward_is_the_exact_hull_of_each_interval(
    data: st.DataObject, window: Window, inputs: int, outputs: int
) -> None:
    change = data.draw(families(inputs, 3))
    reached = window.forward(change, outputs)
    for site in range(change.sites):
        hulls = [
            hull(o for o in range(outputs) if reads(window, o, inputs) & members(interval))
            for interval in change.at(site)
        ]
        assert reached.at(site) == intervals(members(*hulls))


def test_a_flip_turns_every_interval() -> None:
    change = Range(np.array([[0, 2], [6, 9]]), np.array([[2, 3], [7, 10]]), 10)
    flipped = Window(stride=-1, pad=-9).forward(change, 10)
    assert flipped.at(0) == (Interval(3, 4), Interval(8, 10))
    assert flipped.at(1) == (Interval(0, 1), Interval(7, 8))


@given(WINDOWS, LENGTH, LENGTH, st.data())
def test_backward_holds_every_read(
    window: Window, inputs: int, outputs: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, outputs - 1))
    need = Interval(start, data.draw(st.integers(start + 1, outputs)))
    read = set().union(*(reads(window, o, inputs) for o in members(need)))
    answer = window.backward(need, inputs)
    assert read <= members(answer)
    assert members(answer) <= set(range(inputs))
    firsts = [o * window.stride - window.pad for o in (need.start, need.stop - 1)]
    taps = (min(firsts), max(firsts) + window.reach - 1)
    if all(0 <= tap < inputs * window.factor for tap in taps):
        assert answer == hull(read)


@given(WINDOWS, LENGTH)
def test_no_need_reads_nothing(window: Window, inputs: int) -> None:
    assert window.backward(Interval(3, 3), inputs) == Interval(0, 0)


@given(st.data(), LENGTH, LENGTH)
def test_whole_reaches_and_reads_everything(data: st.DataObject, inputs: int, outputs: int) -> None:
    change = data.draw(families(inputs, 3))
    reached = Whole().forward(change, outputs)
    for site in range(3):
        assert reached.at(site) == ((Interval(0, outputs),) if change.at(site) else ())
    assert Whole().backward(Interval(0, 1), inputs) == Interval(0, inputs)
    assert Whole().backward(Interval(2, 2), inputs) == Interval(0, 0)


@given(st.data(), LENGTH)
def test_join_is_the_union(data: st.DataObject, length: int) -> None:
    a, b = data.draw(families(length, 4)), data.draw(families(length, 4))
    for site in range(4):
        assert a.join(b).at(site) == intervals(members(*a.at(site), *b.at(site)))
        assert a.hull.at(site) == intervals(members(hull(members(*a.at(site)))))
    assert a.join(a) == a == a.join(Range.none(4, length))


@given(LENGTH, st.data())
def test_the_join_of_two_intervals_is_their_hull(length: int, data: st.DataObject) -> None:
    ends = st.integers(0, length)
    a, b = (Interval(data.draw(ends), data.draw(ends)) for _ in range(2))
    assert a.join(b).width == hull(members(a, b)).width


@given(st.data(), LENGTH, st.integers(0, 12), st.integers(0, 12))
def test_intersect_keeps_what_both_hold(
    data: st.DataObject, length: int, start: int, stop: int
) -> None:
    a = data.draw(families(length, 4))
    part = a.intersect(Interval(start, stop))
    for site in range(4):
        assert part.at(site) == intervals(members(*a.at(site)) & set(range(start, stop)))


@given(st.data(), LENGTH)
def test_none_and_all_and_take(data: st.DataObject, length: int) -> None:
    a = data.draw(families(length, 4))
    widths = [len(members(*a.at(site))) for site in range(4)]
    assert a.is_none == (max(widths) == 0)
    assert a.is_all == (max(widths) > 0 and all(w in (0, length) for w in widths))
    assert [a.take([2, 0]).at(site) for site in (0, 1)] == [a.at(2), a.at(0)]


@given(st.data(), LENGTH)
def test_equal_families_compare_and_hash_equal(data: st.DataObject, length: int) -> None:
    a = data.draw(families(length, 4))
    turned = Range(a.starts[::-1], a.stops[::-1], length)
    assert (a, hash(a)) == (turned, hash(turned))
    assume(a.at(0))
    assert a != Range(a.starts * [0, 1, 1, 1], a.stops * [0, 1, 1, 1], length)


def test_a_range_is_clipped_and_read_only() -> None:
    a = Range([-3, 5, 9], [2, 4, 99], 10)
    assert [a.at(site) for site in range(3)] == [(Interval(0, 2),), (), (Interval(9, 10),)]
    with pytest.raises(ValueError, match="read-only"):
        a.starts[0, 0] = 1


def test_beyond_four_intervals_the_nearest_are_joined() -> None:
    """Of gaps of 1, 3, 2 and 2 the first is filled; with a sixth, the last of the equal too."""
    starts, stops = np.array([0, 2, 6, 9, 12]), np.array([1, 3, 7, 10, 13])
    five = Range(starts[:, None], stops[:, None], 20)
    assert five.at(0) == (Interval(0, 3), Interval(6, 7), Interval(9, 10), Interval(12, 13))
    six = Range(np.append(starts, 18)[:, None], np.append(stops, 19)[:, None], 20)
    assert six.at(0) == (Interval(0, 3), Interval(6, 7), Interval(9, 13), Interval(18, 19))
