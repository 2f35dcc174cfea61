"""Which stretches of a genome variants are wanted of."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping

from fastism.errors import InputError

_PLACE = re.compile(r"(.+?)(?::(\d[\d,]*)(?:-(\d[\d,]*))?)?")
_END = (1 << 31) - 1
"""Past the end of every chromosome."""


class Stretches:
    """Stretches ``[start, end)``, by chromosome; those that touch are one.

    by_chrom: sorted.
    """

    def __init__(self, given: Iterable[tuple[str, int, int]]) -> None:
        every: dict[str, list[tuple[int, int]]] = {}
        for chrom, start, end in given:
            every.setdefault(chrom, []).append((max(start, 0), end))
        self.by_chrom: Mapping[str, list[tuple[int, int]]] = {
            chrom: _merged(stretches) for chrom, stretches in every.items()
        }

    def holds(self, chrom: str, position: int) -> bool:
        """Whether a position lies in one of them."""
        stretches = self.by_chrom.get(chrom, [])
        index = bisect_right(stretches, (position, _END)) - 1
        return index >= 0 and stretches[index][0] <= position < stretches[index][1]


def parse_stretch(text: str) -> tuple[str, int, int]:
    """``chr1``, ``chr1:5000`` or ``chr1:5,000-6,000``, counted from 1 with the end in it.

    Raises InputError for other text.
    """
    match = _PLACE.fullmatch(text)
    bounds = (
        [] if match is None else [int(part.replace(",", "")) for part in match.groups()[1:] if part]
    )
    if match is None or bounds != sorted(bounds) or 0 in bounds:
        raise InputError(
            f"--only {text} names no stretch of a genome",
            why="it counts from 1, and its end is in it",
            attempt="--only chr1, or --only chr1:5,000-6,000",
        )
    first, last = (*bounds, *(1, _END)[len(bounds) :])
    return match[1], first - 1, last


def _merged(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result
