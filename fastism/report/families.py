"""A family of ranges over all sites, in few numbers.

Where a change starts follows the site in steps: one position a site behind a convolution, one
position every three sites behind a pool, and a constant at the ends. Such a sequence is a few runs
in which it repeats, with a constant step from each period to the next.
"""

from __future__ import annotations

from itertools import chain
from typing import TypeAlias

import numpy as np

from fastism.ir.ranges import IntArray, Range

Run: TypeAlias = list[int]
"""``[first, step, value, value, ...]``: from index ``first`` on, the values, then the same again
with ``step`` added, and so on until the next run."""

PERIODS = tuple(chain(range(1, 65), range(72, 513, 8)))
ENOUGH = 64
"""Numbers that are few enough to look no further."""


def runs(values: IntArray) -> list[Run]:
    """A sequence as runs of the period that should take the fewest numbers; `expand` undoes it."""
    best, fewest = 1, None
    for period in PERIODS:
        if period > max(len(values), 1):
            break
        count = min(len(_breaks(values, period)) + 1, len(values) // period)
        size = count * (2 + period)
        if fewest is None or size < fewest:
            best, fewest = period, size
        if fewest <= ENOUGH + period:
            break
    return _runs(values, best)


def _breaks(values: IntArray, period: int) -> IntArray:
    """The indices at which the step to a period later is another than just before."""
    steps = values[period:] - values[:-period]
    return np.flatnonzero(steps[1:] != steps[:-1]) + 1


def _runs(values: IntArray, period: int) -> list[Run]:
    breaks, found, first = _breaks(values, period), list[Run](), 0
    while first < len(values):
        last = first + period
        step = int(values[last] - values[first]) if last < len(values) else 0
        found.append([first, step, *map(int, values[first:last])])
        later = np.searchsorted(breaks, first, side="right")
        first = period + int(breaks[later] if later < len(breaks) else len(values))
    return found


def expand(found: list[Run], count: int) -> IntArray:
    """The ``count`` values that some runs stand for."""
    values = np.zeros(count, np.int64)
    ends = [run[0] for run in found[1:]] + [count]
    for (first, step, *head), end in zip(found, ends, strict=True):
        index = np.arange(end - first)
        values[first:end] = np.asarray(head)[index % len(head)] + index // len(head) * step
    return values


def family(change: Range) -> list[list[list[Run]]]:
    """The starts and the stops of the first intervals, then of the second ones, and so on."""
    pairs = zip(change.starts, change.stops, strict=True)
    return [[runs(starts), runs(stops)] for starts, stops in pairs]
