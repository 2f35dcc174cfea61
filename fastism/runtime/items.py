"""Items and how they fold: which (sequence, site, alternative) to compute, in which chunks.

Items of one (sequence, site) pair share the reference's windows, so they travel together.
Pairs are sorted so that a chunk's windows start where its dense layers need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Items:
    """Parallel index arrays, one entry an item."""

    sequence: IntArray
    site: IntArray
    alternative: IntArray

    def __len__(self) -> int:
        return len(self.sequence)

    def take(self, index: IntArray) -> Items:
        """A selection, in the order of ``index``."""
        return Items(self.sequence[index], self.site[index], self.alternative[index])


@dataclass(frozen=True)
class Pairs:
    """Items folded by pair: ``item[p, :]`` are up to A items of one (sequence, site), (P, A).

    A pair with more items than A stands there several times; one with fewer repeats its first, and
    ``valid`` tells which count.
    """

    item: IntArray
    valid: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, items: Items, most: int) -> Pairs:
        """Fold items; A is the commonest number of items a pair, or ``most`` if that is less."""
        if not len(items):
            return cls(np.zeros((0, 1), np.int64), np.zeros((0, 1), bool))
        order = np.lexsort((items.alternative, items.site, items.sequence))
        sequence, site = items.sequence[order], items.site[order]
        opens = np.ones(len(order), bool)
        opens[1:] = (sequence[1:] != sequence[:-1]) | (site[1:] != site[:-1])
        pair = np.cumsum(opens) - 1
        counts = np.bincount(pair)
        width = min(int(np.bincount(counts).argmax()), most)
        rank = np.arange(len(order)) - np.flatnonzero(opens)[pair]
        before = np.concatenate([[0], np.cumsum(-(-counts // width))])
        folded = before[pair] + rank // width
        item = np.full((before[-1], width), -1, np.int64)
        item[folded, rank % width] = order
        valid = item >= 0
        return cls(np.where(valid, item, item[:, :1]), valid)

    def chunks(self, keys: npt.NDArray[np.int64], most: int) -> Iterator[Pairs]:
        """Pairs of equal key, at most so many a chunk."""
        order = np.lexsort((np.arange(len(keys)), *keys.T))
        sorted_keys = keys[order]
        opens = np.flatnonzero(np.any(sorted_keys[1:] != sorted_keys[:-1], axis=1)) + 1
        for run in np.split(order, opens):
            for first in range(0, len(run), most):
                piece = run[first : first + most]
                yield Pairs(self.item[piece], self.valid[piece])
