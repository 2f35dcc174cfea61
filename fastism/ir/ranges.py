"""Ranges along the sequence axis: a family over the sites for change, one interval for need.

A change range answers, for one value and every site at once: which positions can the edit alter?
It is a small ordered set of intervals, since a value may hold the sequence twice (a strand and its
reverse complement, two joined stretches); empty where the edit cannot reach the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MOST = 4
"""Intervals a site may have; beyond them the nearest are joined."""


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
    """A set of intervals a site, within ``[0, length)``.

    starts, stops: (K, S), or (S,) for one interval a site: interval ``k`` of site ``s`` is
    ``[starts[k, s], stops[k, s])``. Kept in normal form, so that equal families compare equal:
    sorted by position, none touching the next, at most ``MOST``; the empty ones are ``[0, 0)`` and
    come last, and there are no more rows than some site needs (but one).
    """

    starts: IntArray
    stops: IntArray
    length: int

    def __post_init__(self) -> None:
        starts, stops = (
            np.minimum(np.maximum(np.atleast_2d(np.asarray(ends, np.int64)), 0), self.length)
            for ends in (self.starts, self.stops)
        )
        some = stops > starts
        starts, stops = np.where(some, starts, 0), np.where(some, stops, 0)
        if len(starts) > 1:
            starts, stops = _normal(starts, stops)
        object.__setattr__(self, "starts", _frozen(starts))
        object.__setattr__(self, "stops", _frozen(stops))

    @classmethod
    def none(cls, sites: int, length: int) -> Range:
        """Nothing changes, whatever the site."""
        return cls(np.zeros(sites, np.int64), np.zeros(sites, np.int64), length)

    @classmethod
    def all(cls, where: npt.ArrayLike, length: int) -> Range:
        """Every position changes at the sites where ``where`` holds."""
        mask = np.asarray(where, dtype=bool)
        return cls(np.zeros(len(mask), np.int64), np.where(mask, length, 0), length)

    @classmethod
    def union(cls, ranges: Iterable[Range], length: int) -> Range:
        """The positions that any of some families over the same sites holds."""
        families = list(ranges)
        starts, stops = ([getattr(f, ends) for f in families] for ends in ("starts", "stops"))
        return cls(np.concatenate(starts), np.concatenate(stops), length)

    @property
    def sites(self) -> int:
        return int(self.starts.shape[1])

    @cached_property
    def start(self) -> IntArray:
        """Where the first interval of each site starts: the left end of the hull."""
        return _frozen(self.starts[0])

    @cached_property
    def stop(self) -> IntArray:
        """Where the last interval of each site stops: the right end of the hull."""
        return _frozen(self.stops.max(axis=0))

    @property
    def hull(self) -> Range:
        """The same family with the gaps filled: at most one interval a site."""
        return self if len(self.starts) == 1 else Range(self.start, self.stop, self.length)

    @cached_property
    def counts(self) -> IntArray:
        """How many intervals each site has."""
        return _frozen((self.stops > self.starts).sum(axis=0))

    @property
    def intervals(self) -> tuple[Range, ...]:
        """The first intervals of all sites as a family of its own, then the second, and so on."""
        pairs = zip(self.starts, self.stops, strict=True)
        return tuple(Range(starts, stops, self.length) for starts, stops in pairs)

    @cached_property
    def widths(self) -> IntArray:
        """How many positions change at each site."""
        return _frozen((self.stops - self.starts).sum(axis=0))

    @cached_property
    def strips(self) -> tuple[int, ...]:
        """The widest first interval of the family, the widest second, and so on."""
        return tuple(int(w) for w in (self.stops - self.starts).max(axis=1, initial=0))

    @property
    def width(self) -> int:
        """The widest interval of the family, summed over the strips: what decides cost."""
        return sum(self.strips)

    @property
    def occupied(self) -> BoolArray:
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
        """The positions either family holds; both are over the same sites and length."""
        if self.is_none:
            return other
        if other.is_none:
            return self
        return Range.union((self, other), self.length)

    def intersect(self, interval: Interval) -> Range:
        """The part of the family inside one interval."""
        starts = np.maximum(self.starts, interval.start)
        return Range(starts, np.minimum(self.stops, interval.stop), self.length)

    def at(self, site: int) -> tuple[Interval, ...]:
        """The intervals of one site, in order; none of them is empty."""
        pairs = zip(self.starts[:, site], self.stops[:, site], strict=True)
        return tuple(Interval(int(start), int(stop)) for start, stop in pairs if stop > start)

    def take(self, sites: npt.ArrayLike) -> Range:
        """The family over a subset of the sites."""
        index = np.asarray(sites, dtype=np.int64)
        return Range(self.starts[:, index], self.stops[:, index], self.length)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        return (
            self.length == other.length
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.stops, other.stops)
        )

    def __hash__(self) -> int:
        return hash((self.length, self.starts.tobytes(), self.stops.tobytes()))


def _normal(starts: IntArray, stops: IntArray) -> tuple[IntArray, IntArray]:
    """Sort the intervals of each site and join those that touch, or are too many."""
    last = np.where(stops > starts, starts, np.iinfo(np.int64).max)  # the empty ones come last
    order = np.argsort(last, axis=0, kind="stable")
    starts, stops = np.take_along_axis(starts, order, 0), np.take_along_axis(stops, order, 0)
    some, reached = stops > starts, np.maximum.accumulate(stops, axis=0)
    opens = some.copy()
    opens[1:] &= starts[1:] > reached[:-1]
    if opens.sum(axis=0).max(initial=0) > MOST:  # keep the widest gaps
        gaps = np.where(opens[1:], starts[1:] - reached[:-1], 0)
        rank = np.argsort(np.argsort(-gaps, axis=0, kind="stable"), axis=0)
        opens[1:] &= rank < MOST - 1
    rows = np.maximum(np.cumsum(opens, axis=0) - 1, 0)
    joined = np.zeros((2, max(int(rows.max(initial=0)) + 1, 1), starts.shape[1]), np.int64)
    for k, row in enumerate(rows):
        first, any_ = np.flatnonzero(opens[k]), np.flatnonzero(some[k])
        joined[0, row[first], first] = starts[k, first]
        joined[1, row[any_], any_] = reached[k, any_]
    return joined[0], joined[1]
