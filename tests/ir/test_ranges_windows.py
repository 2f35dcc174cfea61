"""Ranges and window relations against an explicit loop over positions and taps."""

from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fastism.ir import Interval, Range, Whole, Window

LENGTH = st.integers(1, 12)
WINDOWS = st.builds(
    Window,
    width=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 4),
    pad=st.integers(-6, 8),
    factor=st.integers(1, 3),
)


def hull(positions: Iterable[int]) -> Interval:
    found = list(positions)
    return Interval(min(found), max(found) + 1) if found else Interval(0, 0)


def reads(window: Window, output: int, length: int) -> set[int]:
    """The inputs one output reads: each tap, if it falls inside the upsampled input."""
    taps = (output * window.stride - window.pad + k * window.dilation for k in range(window.width))
    return {tap // window.factor for tap in taps if 0 <= tap < length * window.factor}


@st.composite
def families(draw: st.DrawFn, length: int, sites: int) -> Range:
    ends = st.tuples(st.integers(0, length), st.integers(0, length))
    pairs = draw(st.lists(ends, min_size=sites, max_size=sites))
    return Range([a for a, _ in pairs], [b for _, b in pairs], length)


def members(interval: Interval) -> set[int]:
    return set(range(interval.start, interval.stop))


@given(st.data(), WINDOWS, LENGTH, LENGTH)
def test_forward_is_the_exact_hull(
    data: st.DataObject, window: Window, inputs: int, outputs: int
) -> None:
    change = data.draw(families(inputs, 3))
    reached = window.forward(change, outputs)
    for site in range(change.sites):
        changed = members(change.at(site))
        expected = hull(o for o in range(outputs) if reads(window, o, inputs) & changed)
        assert reached.at(site) == expected


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
    taps = (
        need.start * window.stride - window.pad,
        (need.stop - 1) * window.stride - window.pad + window.reach - 1,
    )
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
        full = Interval(0, outputs) if change.at(site).width else Interval(0, 0)
        assert reached.at(site) == full
    assert Whole().backward(Interval(0, 1), inputs) == Interval(0, inputs)
    assert Whole().backward(Interval(2, 2), inputs) == Interval(0, 0)


@given(st.data(), LENGTH)
def test_join_is_the_hull_of_both(data: st.DataObject, length: int) -> None:
    a, b = data.draw(families(length, 4)), data.draw(families(length, 4))
    for site in range(4):
        expected = hull(members(a.at(site)) | members(b.at(site)))
        assert a.join(b).at(site) == expected
        assert a.at(site).join(b.at(site)).width == expected.width


@given(st.data(), LENGTH, st.integers(0, 12), st.integers(0, 12))
def test_intersect_keeps_what_both_hold(
    data: st.DataObject, length: int, start: int, stop: int
) -> None:
    a = data.draw(families(length, 4))
    part = a.intersect(Interval(start, stop))
    for site in range(4):
        assert part.at(site) == hull(members(a.at(site)) & set(range(start, stop)))


@given(st.data(), LENGTH)
def test_width_none_and_all(data: st.DataObject, length: int) -> None:
    a = data.draw(families(length, 4))
    widths = [len(members(a.at(site))) for site in range(4)]
    assert (a.width, a.is_none) == (max(widths), max(widths) == 0)
    assert a.is_all == (max(widths) > 0 and all(w in (0, length) for w in widths))
    assert a.take([2, 0]).at(1) == a.at(0)


@given(st.data(), LENGTH)
def test_equal_families_compare_and_hash_equal(data: st.DataObject, length: int) -> None:
    a = data.draw(families(length, 4))
    same = Range(list(a.start), list(a.stop), length)
    assert (a, hash(a)) == (same, hash(same))
    assume(a.at(0).width)
    assert a != Range([0, *a.start[1:]], [0, *a.stop[1:]], length)


def test_a_range_is_clipped_and_read_only() -> None:
    a = Range([-3, 5, 9], [2, 4, 99], 10)
    assert [a.at(site) for site in range(3)] == [Interval(0, 2), Interval(0, 0), Interval(9, 10)]
    with pytest.raises(ValueError, match="read-only"):
        a.start[0] = 1
