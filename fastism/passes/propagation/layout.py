"""Layouts: where the window of a value lies, for each site of a group.

All windows of a value have one width. A window covers change ∩ need, starts inside the value where
it fits, and hangs over an edge only when an op asks for more positions than there are; a delta is
zero there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastism.ir.ranges import IntArray, Range


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions ``[start[s], start[s] + width)`` for each site ``s`` of a group."""

    start: IntArray
    width: int

    @classmethod
    def covering(cls, tight: Range, *, multiple: int = 1) -> Layout:
        """The narrowest layout over a family of ranges, its width a multiple of ``multiple``."""
        width = -(-max(tight.width, 1) // multiple) * multiple
        return cls(np.clip(tight.start, 0, max(tight.length - width, 0)), width)

    @classmethod
    def full(cls, sites: int, length: int) -> Layout:
        """The whole value, at every site."""
        return cls(np.zeros(sites, np.int64), length)

    def shifted(self, offset: int) -> Layout:
        """The same windows, ``offset`` positions to the right."""
        return Layout(self.start + offset, self.width)

    def covers(self, tight: Range) -> bool:
        """Whether every range of the family lies inside its window."""
        inside = (self.start <= tight.start) & (tight.stop <= self.start + self.width)
        return bool(np.all(inside | ~tight.occupied))

    def hangs(self, length: int) -> bool:
        """Whether any window reaches outside ``[0, length)``."""
        return bool(np.any(self.start < 0) or np.any(self.start + self.width > length))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layout):
            return NotImplemented
        return self.width == other.width and np.array_equal(self.start, other.start)

    def __hash__(self) -> int:
        return hash((self.width, self.start.tobytes()))
