"""What items write into the sequences of a batch, and what these hold already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.ir.module import Sites
from fastism.runtime.alternatives import rows_of
from fastism.runtime.items import IntArray, Items

Array = npt.NDArray[Any]

PIECE = 1 << 18
"""Elements looked at together when items are held against what their sequences hold already."""


@dataclass(frozen=True)
class Edits:
    """Items, with the sequences and the alternatives that they count in.

    inputs: every input of the model by name, (N, ...). seq_input: the one that is edited.
    alternatives: (A, width, C), or (1 or N, 1 or S, A, width, C) for N sequences and S sites.
    letters: the channels that are written, the others staying as they are; all of them if None.
    """

    inputs: Mapping[str, Array]
    seq_input: str
    sites: Sites
    items: Items
    alternatives: Array
    letters: tuple[int, ...] | None = None

    def take(self, index: IntArray) -> Edits:
        """A selection of the items, in the order and the shape of ``index``."""
        return replace(self, items=self.items.take(index))

    @property
    def positions(self) -> IntArray:
        """The positions that each item writes, (*items, width)."""
        return self.sites.array[self.items.site][..., None] + np.arange(self.sites.width)

    @property
    def held(self) -> Array:
        """What the sequences hold at each item's site before the edit, (*items, width, C)."""
        edited = self.inputs[self.seq_input]
        return np.asarray(edited[self.items.sequence[..., None], self.positions])

    @property
    def written(self) -> Array:
        """What each item writes, (*items, width, C)."""
        rows = rows_of(self.alternatives, self.items, self.inputs[self.seq_input].dtype)
        if self.letters is None:
            return rows
        result, chosen = self.held, list(self.letters)
        result[..., chosen] = rows[..., chosen]
        return result

    @property
    def idle(self) -> npt.NDArray[np.bool_]:
        """Which items write what is there already, (M,)."""
        result = np.zeros(len(self.items), np.bool_)
        step = max(1, PIECE // (self.sites.width * self.inputs[self.seq_input].shape[2]))
        for first in range(0, len(result), step):
            part = self.take(np.arange(first, min(first + step, len(result))))
            result[first : first + step] = (part.held == part.written).all(axis=(1, 2))
        return result

    def mutants(self) -> dict[str, Array]:
        """Every input of the model with each item's alternative written in, (M, ...)."""
        result = {name: array[self.items.sequence] for name, array in self.inputs.items()}
        result[self.seq_input][np.arange(len(self.items))[:, None], self.positions] = self.written
        return result
