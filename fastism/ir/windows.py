"""The one relation behind every local op: which inputs an output position reads.

Output position ``o`` reads the inputs ``o*stride - pad + k*dilation`` for ``k < width``.
Convolution, pooling, cropping, padding and pointwise ops differ only in those numbers. Upsampling
repeats each input ``factor`` times before the relation applies.
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
        """Which of ``length`` outputs a change of the inputs reaches (the exact hull)."""
        start, stop = change.start * self.factor, change.stop * self.factor
        first = np.full(change.sites, length, np.int64)
        last = np.full(change.sites, -1, np.int64)
        for k in range(self.width):
            offset = self.pad - k * self.dilation
            low = np.maximum(-(-(start + offset) // self.stride), 0)
            high = np.minimum((stop - 1 + offset) // self.stride, length - 1)
            hit = change.occupied & (low <= high)
            first = np.where(hit, np.minimum(first, low), first)
            last = np.where(hit, np.maximum(last, high), last)
        return Range(first, last + 1, length)

    def backward(self, need: Interval, length: int) -> Interval:
        """Which of ``length`` inputs the needed outputs read."""
        if not need.width:
            return Interval(0, 0)
        first = need.start * self.stride - self.pad
        last = (need.stop - 1) * self.stride - self.pad + self.reach - 1
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


Relation: TypeAlias = Window | Whole
POINTWISE = Window()
