"""Layouts: where the windows of a value lie, for each site of a group.

A value is followed on one window, or on several *strips* where an edit changes several stretches of
it. All windows of a strip have one width. Together they cover change ∩ need; each starts inside the
value where it fits, and hangs over an edge only when an op asks for more positions than there are;
a delta is zero there.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastism.ir.ranges import BoolArray, IntArray, Range

FRUGAL = 1.25
"""How many times wider than what changes a window may be before a better one is looked for."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions ``[start[s], start[s] + width)`` for each site ``s`` of a group."""

    start: IntArray
    width: int

    @classmethod
    def covering(cls, tight: Range, *, multiple: int = 1) -> Layout:
        """The narrowest layout over the hulls of a family, its width a multiple of ``multiple``."""
        hull = tight.hull
        width = -(-max(hull.width, 1) // multiple) * multiple
        return cls(np.minimum(hull.start, max(tight.length - width, 0)), width)

    @classmethod
    def full(cls, sites: int, length: int) -> Layout:
        """The whole value, at every site."""
        return cls(np.zeros(sites, np.int64), length)

    @property
    def stop(self) -> IntArray:
        return self.start + self.width

    def shifted(self, offset: int) -> Layout:
        """The same windows, ``offset`` positions to the right."""
        return Layout(self.start + offset, self.width)

    def on_grid(self, step: int, length: int) -> Layout:
        """Wider windows that start at a multiple of ``step``, or end where the value does.

        Those windows that they are made of lie inside the value.
        """
        width = min(self.width + step - 1, length)
        return Layout(np.minimum(self.start // step * step, length - width), width)

    def covers(self, tight: Range) -> bool:
        """Whether every range of the family lies inside its window."""
        inside = (self.start <= tight.start) & (tight.stop <= self.stop)
        return bool(np.all(inside | ~tight.occupied))

    def meets(self, other: Layout) -> BoolArray:
        """The sites at which the two windows share a position."""
        return (self.start < other.stop) & (other.start < self.stop)

    def hangs(self, length: int) -> bool:
        """Whether any window reaches outside ``[0, length)``."""
        return bool(np.any(self.start < 0) or np.any(self.stop > length))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layout):
            return NotImplemented
        return self.width == other.width and np.array_equal(self.start, other.start)

    def __hash__(self) -> int:
        return hash((self.width, self.start.tobytes()))


Strips = tuple[Layout, ...]
"""The layouts of a value's windows, from left to right; nowhere do two of them meet."""


def strips(tight: Range) -> tuple[Range, ...]:
    """The families to follow on a window each: the intervals, or their hull.

    Intervals are worth it where all sites that change anything have as many, and the gaps are wide.
    """
    counts = tight.counts[tight.occupied]
    several = len(counts) and np.all(counts == counts[0])
    if several and FRUGAL * tight.width < tight.hull.width:
        return tight.intervals
    return (tight.hull,)


def crowded(layouts: Sequence[Layout], tight: Range) -> bool:
    """Whether two of the layouts meet at any site that changes something."""
    pairs = itertools.combinations(layouts, 2)
    return any(bool(np.any(one.meets(other) & tight.occupied)) for one, other in pairs)


def covering(tight: Range) -> Strips:
    """The narrowest layouts over a family, none of which hangs over an edge."""
    layouts = tuple(Layout.covering(strip) for strip in strips(tight))
    return (Layout.covering(tight),) if crowded(layouts, tight) else layouts
