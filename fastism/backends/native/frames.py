"""Tiles of items, and where every item's windows lie in the frames of its tile.

A tile is so many items as the machine has rows for. Items whose sites are near share a frame that
follows the sequence: an absolute position is one row for all of them, so that zeros of one item
meet zeros of the others. Where sites are far apart, every item's window starts at row 0. Either
way an item's numbers are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fastism.backends.native.expressions import Path, is_still

Ints = npt.NDArray[np.int64]

NEAR = 12
"""Positions that sites of a tile may lie apart and share a frame, however narrow windows are."""
MOST_PAIRS = 6
"""Pairs whose items are folded into tiles together."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """The items of a call in tiles, (T, R) each; a tile with fewer repeats its first.

    item: numbers of the items. valid: which are no repeats. pair, sequence, site: theirs. near:
    (T, 1), whether the tile's sites share a frame. positions: (T, R), where the sites are.
    """

    item: Ints
    valid: npt.NDArray[np.bool_]
    pair: Ints
    sequence: Ints
    site: Ints
    near: npt.NDArray[np.bool_]
    positions: Ints
    tables: Mapping[str, Ints]
    _along: dict[Path, Ints] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        sequence: Ints,
        site: Ints,
        items: int,
        rows: int,
        positions: Ints,
        tables: Mapping[str, Ints],
        keys: Sequence[str],
        near: int = NEAR,
    ) -> Tiles:
        """Fold ``items`` items of some pairs; those of one tile agree in the tables of ``keys``.

        near: positions that the sites of a tile may lie apart and share a frame.
        """
        each = items // max(len(site), 1)
        pair = np.repeat(np.arange(len(site)), each)
        wanted = [tables[name][site] for name in keys]
        tile = _tile_of_pair(len(site), wanted, pairs_together(max(each, 1), rows))
        of_item = tile[pair]
        rank = np.arange(items) - np.searchsorted(of_item, of_item)
        pieces = -(-np.bincount(of_item) // rows)
        before = np.concatenate([[0], np.cumsum(pieces)])
        line, column = before[of_item] + rank // rows, rank % rows
        folded = np.full((before[-1], rows), -1, np.int64)
        folded[line, column] = np.arange(items)
        valid = folded >= 0
        folded = np.where(valid, folded, folded[:, :1])
        pairs = pair[folded]
        where = positions[site[pairs]]
        shared = np.ptp(where, axis=1, keepdims=True) <= near
        return cls(folded, valid, pairs, sequence[pairs], site[pairs], shared, where, tables)

    def along(self, path: Path) -> Ints:
        """The sum of a path for every item, (T, R); not to be altered."""
        if path not in self._along:
            self._along[path] = self._sum(path)
        return self._along[path]

    def _sum(self, path: Path) -> Ints:
        total = np.zeros(self.item.shape, np.int64)
        for step in path[1:] if is_still(path) else path:
            total += step if isinstance(step, int) else self.tables[step][self.site]
        return total

    @property
    def origin(self) -> Ints:
        """The row at which the edit of every item starts, (T, R)."""
        apart = self.positions - self.positions.min(axis=1, keepdims=True)
        return np.where(self.near, apart, 0)


def pairs_together(items: int, rows: int) -> int:
    """So many pairs, of so many items each, that few rows of their tiles are left empty."""

    def empty(pairs: int) -> float:
        return -(-pairs * items // rows) * rows / (pairs * items)

    return min(range(1, max(rows, MOST_PAIRS) + 1), key=empty)


def _tile_of_pair(pairs: int, keys: Sequence[Ints], most: int) -> Ints:
    """Which tile each pair is in: runs of pairs that agree in the keys, ``most`` at a time."""
    if not pairs:
        return np.zeros(0, np.int64)
    opens = np.ones(pairs, bool)
    opens[1:] = False
    for key in keys:
        opens[1:] |= key[1:] != key[:-1]
    run = np.cumsum(opens) - 1
    rank = np.arange(pairs) - np.flatnonzero(opens)[run]
    opens |= rank % most == 0
    result: Ints = np.cumsum(opens) - 1
    return result
