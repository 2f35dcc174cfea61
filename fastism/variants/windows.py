"""Which windows of a genome variants are scored in: around each, or regions that hold several."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Protocol

from fastism.io.regions import Region
from fastism.io.variants.stretches import Stretches
from fastism.io.variants.variant import Variant


class Windows(Protocol):
    """What gives each variant its windows."""

    @property
    def stretches(self) -> Stretches | None:
        """Where variants must begin to have a window; None for everywhere."""

    def of(self, variant: Variant) -> Sequence[Region]:
        """The windows of a variant, none or several."""


class Centred:
    """A window for each place: the position where a variant begins is in its middle, L // 2.

    Variants that begin at one position share a window.
    """

    stretches: Stretches | None = None

    def __init__(self, length: int) -> None:
        self._length = length

    def of(self, variant: Variant) -> Sequence[Region]:
        """The one window."""
        start = variant.position - self._length // 2
        return (Region(variant.chrom, start, start + self._length),)


class Within:
    """Given windows, all of one width: a variant is scored in each that it begins in."""

    def __init__(self, windows: Iterable[Region]) -> None:
        by_chrom: dict[str, dict[Region, None]] = {}
        for window in windows:
            by_chrom.setdefault(window.chrom, {})[window] = None
        self._windows = {
            chrom: sorted(held, key=lambda window: window.start) for chrom, held in by_chrom.items()
        }
        self._starts = {
            chrom: [window.start for window in held] for chrom, held in self._windows.items()
        }
        every = [window for held in self._windows.values() for window in held]
        self._width = every[0].end - every[0].start
        self.stretches = Stretches((each.chrom, each.start, each.end) for each in every)

    def of(self, variant: Variant) -> Sequence[Region]:
        """The windows in the order in which they begin."""
        starts = self._starts.get(variant.chrom, [])
        first = bisect_right(starts, variant.position - self._width)
        last = bisect_right(starts, variant.position)
        return self._windows[variant.chrom][first:last] if first < last else ()
