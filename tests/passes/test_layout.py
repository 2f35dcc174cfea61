"""Where windows lie: on a grid, beside each other, over an edge, and how many of them there are."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir.ranges import Range
from fastism.ir.windows import Window
from fastism.passes.propagation.demands import pulled, pulls
from fastism.passes.propagation.layout import Layout, covering, crowded, strips


def layout(width: int, *starts: int) -> Layout:
    return Layout(np.array(starts), width)


def pair(*ends: tuple[int, int, int, int], length: int = 60) -> Range:
    """Two intervals a site: their starts and stops, site by site."""
    a, b, c, d = np.array(ends).T
    return Range(np.array([a, c]), np.array([b, d]), length)


def test_windows_on_a_grid_hold_the_ones_they_were() -> None:
    own = layout(3, 0, 4, 5, 17, 7)
    wider = own.on_grid(4, 20)
    assert wider == layout(6, 0, 4, 4, 14, 4)
    assert own.on_grid(1, 20) == own
    assert layout(3, 0, 1).on_grid(9, 5) == layout(5, 0, 0)


def test_windows_meet_where_they_share_a_position() -> None:
    one, other = layout(3, 5, 5, 5, 5, 5), layout(2, 2, 3, 4, 7, 8)
    assert one.meets(other).tolist() == [False, False, True, True, False]
    assert other.meets(one).tolist() == [False, False, True, True, False]


def test_windows_hang_over_either_edge() -> None:
    assert layout(3, 0, 7).hangs(10) is False
    assert layout(3, -1, 7).hangs(10) is True
    assert layout(3, 0, 8).hangs(10) is True


def test_windows_cover_up_to_both_ends() -> None:
    tight = Range(np.array([2, 0]), np.array([5, 0]), 10)
    assert [layout(3, s, 9).covers(tight) for s in (1, 2, 3)] == [False, True, False]


def test_the_narrowest_windows_stay_inside() -> None:
    assert Layout.covering(Range(np.array([8, 0]), np.array([9, 2]), 9)) == layout(2, 7, 0)
    assert Layout.covering(Range.none(2, 9)) == layout(1, 0, 0)
    wide = Layout.covering(Range(np.array([1]), np.array([4]), 4), multiple=5)
    assert wide == layout(5, 0)


def test_equal_windows_are_one_key() -> None:
    assert {layout(3, 1, 2): "here"}[layout(3, 1, 2)] == "here"
    assert layout(3, 1, 2) != layout(3, 1, 3)
    assert layout(3, 1, 2) != layout(4, 1, 2)
    assert layout(3, 1) != "a window"


def test_two_intervals_are_followed_apart_where_the_gap_is_wide() -> None:
    """Two windows of 2 in place of one of 5 pay (1.25 * 4 is not less than 5, but than 6)."""
    near, far = pair((0, 2, 3, 5)), pair((0, 2, 4, 6))
    assert strips(near) == (near.hull,)
    assert strips(far) == far.intervals
    assert covering(far) == (layout(2, 0), layout(2, 4))
    assert covering(near) == (layout(5, 0),)


def test_all_sites_that_change_something_must_have_as_many_intervals() -> None:
    starts, stops = np.array([[0, 3, 0], [20, 0, 30]]), np.array([[2, 5, 1], [22, 0, 31]])
    uneven = Range(starts, stops, 60)
    assert strips(uneven) == (uneven.hull,)
    nothing = Range(starts * [1, 0, 1], stops * [1, 0, 1], 60)
    assert len(strips(nothing)) == 2
    assert strips(Range.none(3, 60)) == (Range.none(3, 60),)


def test_windows_that_meet_at_any_site_become_one() -> None:
    """All windows of a strip have the width of its widest: 10 positions, from 0 and from 9 on."""
    tight = pair((0, 10, 40, 41), (0, 1, 9, 10))
    apart = tuple(Layout.covering(strip) for strip in strips(tight))
    assert crowded(apart, tight)
    assert covering(tight) == (Layout.covering(tight.hull),)
    elsewhere = pair((0, 10, 40, 41), (0, 0, 0, 0))
    assert not crowded(apart, elsewhere)


@pytest.mark.parametrize("stride", [-2, -1, 1, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_what_a_window_reads(stride: int, dilation: int) -> None:
    relation = Window(width=3, stride=stride, dilation=dilation, pad=2)
    read = [o * stride - 2 + k * dilation for o in range(5, 9) for k in range(3)]
    found = pulled(relation, layout(4, 5))
    assert (int(found.start[0]), found.width) == (min(read), max(read) - min(read) + 1)


def test_convolutions_read_where_they_have_strides_or_few_of_their_results_are_read() -> None:
    assert pulls(Window(width=3, stride=2), 1, 9)
    assert pulls(Window(width=3), 5, 4)
    assert not pulls(Window(width=3), 5, 5)
