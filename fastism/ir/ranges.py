"""Ranges along the sequence axis: a family over the sites for change, one interval for need.

A change range answers, for one value and every site at once: which positions can the edit alter?
It is the hull of those positions, exact for one layer; empty where the edit cannot reach the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Interval:
    """Positions ``[start, stop)``; empty when ``stop <= start``."""

    start: int
    stop: int

    @property
    def width(self) -> int:
        return max(0, self.stop - self.start)

    def join(self, other: Interval) -> Interval:
        """The hull of both."""
        if not self.width:
            return other
        if not other.width:
            return self
        return Interval(min(self.start, other.start), max(self.stop, other.stop))


def _frozen(array: npt.ArrayLike) -> IntArray:
    result = np.ascontiguousarray(array, dtype=np.int64)
    if result.flags.writeable:
        result = result.copy()
        result.flags.writeable = False
    return result


@dataclass(frozen=True, eq=False)
class Range:
    """One interval a site: ``start[s]`` to ``stop[s]``, within ``[0, length)``.

    Empty intervals are normalised to ``[0, 0)`` so that equal families compare equal.
    """

    start: IntArray
    stop: IntArray
    length: int

    def __post_init__(self) -> None:
        start, stop = np.asarray(self.start), np.asarray(self.stop)
        start, stop = np.clip(start, 0, self.length), np.clip(stop, 0, self.length)
        some = stop > start
        object.__setattr__(self, "start", _frozen(np.where(some, start, 0)))
        object.__setattr__(self, "stop", _frozen(np.where(some, stop, 0)))

    @classmethod
    def none(cls, sites: int, length: int) -> Range:
        """Nothing changes, whatever the site."""
        return cls(np.zeros(sites, np.int64), np.zeros(sites, np.int64), length)

    @classmethod
    def all(cls, where: npt.ArrayLike, length: int) -> Range:
        """Every position changes at the sites where ``where`` holds."""
        mask = np.asarray(where, dtype=bool)
        return cls(np.zeros(len(mask), np.int64), np.where(mask, length, 0), length)

    @property
    def sites(self) -> int:
        return len(self.start)

    @cached_property
    def widths(self) -> IntArray:
        """Width of the interval at each site."""
        return _frozen(self.stop - self.start)

    @cached_property
    def width(self) -> int:
        """The widest interval of the family: what decides cost."""
        return int(self.widths.max(initial=0))

    @property
    def occupied(self) -> npt.NDArray[np.bool_]:
        """The sites at which anything changes."""
        return self.widths > 0

    @property
    def is_none(self) -> bool:
        return self.width == 0

    @property
    def is_all(self) -> bool:
        """Every position, at every site that changes anything (and some site does)."""
        return not self.is_none and bool(np.all(self.widths[self.occupied] == self.length))

    def join(self, other: Range) -> Range:
        """The hull of two families over the same sites and length."""
        if self.is_none:
            return other
        if other.is_none:
            return self
        start = np.where(self.occupied, self.start, other.start)
        stop = np.where(self.occupied, self.stop, other.stop)
        both = self.occupied & other.occupied
        start = np.where(both, np.minimum(start, other.start), start)
        stop = np.where(both, np.maximum(stop, other.stop), stop)
        return Range(start, stop, self.length)

    def intersect(self, interval: Interval) -> Range:
        """The part of the family inside one interval."""
        start = np.maximum(self.start, interval.start)
        return Range(start, np.minimum(self.stop, interval.stop), self.length)

    def at(self, site: int) -> Interval:
        """The interval of one site."""
        return Interval(int(self.start[site]), int(self.stop[site]))

    def take(self, sites: npt.ArrayLike) -> Range:
        """The family over a subset of the sites."""
        index = np.asarray(sites, dtype=np.int64)
        return Range(self.start[index], self.stop[index], self.length)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return (
            self.length == other.length
            and np.array_equal(self.start, other.start)
            and np.array_equal(self.stop, other.stop)
        )

    def __hash__(self) -> int:
        return hash((self.length, self.start.tobytes(), self.stop.tobytes()))
