"""The one relation behind every local op: which inputs an output position reads.

Output position ``o`` reads the inputs ``o*stride - pad + k*dilation`` for ``k < width``.
Convolution, pooling, cropping, padding and pointwise ops differ only in those numbers. Upsampling
repeats each input ``factor`` times before the relation applies; a negative stride reads backwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fastism.ir.ranges import Interval, Range


@dataclass(frozen=True)
class Window:
    """An affine window relation between an input axis and an output axis."""

    width: int = 1
    stride: int = 1
    dilation: int = 1
    pad: int = 0
    factor: int = 1

    @property
    def reach(self) -> int:
        """Inputs between the first and the last one an output reads, both included."""
        return (self.width - 1) * self.dilation + 1

    def forward(self, change: Range, length: int) -> Range:
        """Which of ``length`` outputs a change of the inputs reaches.

        Each interval is mapped by itself: to the exact hull of what it reaches.
        """
        if self == POINTWISE and length == change.length:
            return change
        start, stop = change.starts * self.factor, change.stops * self.factor
        lowest, highest = (start, stop - 1) if self.stride > 0 else (stop - 1, start)
        first = np.full(start.shape, length, np.int64)
        last = np.full(start.shape, -1, np.int64)
        for k in range(self.width):
            offset = self.pad - k * self.dilation
            low = np.maximum(-(-(lowest + offset) // self.stride), 0)
            high = np.minimum((highest + offset) // self.stride, length - 1)
            hit = (stop > start) & (low <= high)
            first = np.where(hit, np.minimum(first, low), first)
            last = np.where(hit, np.maximum(last, high), last)
        return Range(first, last + 1, length)

    def backward(self, need: Interval, length: int) -> Interval:
        """Which of ``length`` inputs the needed outputs read."""
        if not need.width:
            return Interval(0, 0)
        ends = (need.start * self.stride, (need.stop - 1) * self.stride)
        first, last = min(ends) - self.pad, max(ends) - self.pad + self.reach - 1
        start, stop = max(first // self.factor, 0), min(last // self.factor + 1, length)
        return Interval(start, stop) if stop > start else Interval(0, 0)


@dataclass(frozen=True)
class Whole:
    """Every output reads every input: the relation of a stop, and of an op without a rule."""

    why: str = "mixes positions"

    def forward(self, change: Range, length: int) -> Range:
        """All outputs, at the sites where any input changes."""
        return Range.all(change.occupied, length)

    def backward(self, need: Interval, length: int) -> Interval:
        """All inputs, if any output is needed."""
        return Interval(0, length if need.width else 0)


@dataclass(frozen=True)
class Unread:
    """No output depends on the input: the relation of a constant to what gives it its batch."""

    def forward(self, change: Range, length: int) -> Range:
        """Nothing."""
        return Range.none(change.sites, length)

    def backward(self, need: Interval, length: int) -> Interval:
        """Nothing."""
        return Interval(0, 0)


Relation: TypeAlias = Window | Whole | Unread
POINTWISE = Window()
UNREAD = Unread()
