"""Substitutions: what each of them writes, where in which sequence; of any widths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.ir.module import Module
from fastism.ir.types import NUMPY_DTYPES
from fastism.runtime.arguments import array_of
from fastism.runtime.inputs import ALPHABET, as_dtype, index_array, lettered
from fastism.runtime.items import IntArray
from fastism.runtime.letters import placed
from fastism.runtime.tokens import require_one_hot

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Substitutions:
    """M substitutions.

    sequence, position, width: (M,), where each begins and how many positions it writes.
    rows: (sum of the widths, C), what they write, one after the other.
    """

    sequence: IntArray
    position: IntArray
    width: IntArray
    rows: Array

    @classmethod
    def of(
        cls,
        sequence: Sequence[int] | Array,
        position: Sequence[int] | Array,
        rows: Sequence[Any] | Array,
        module: Module,
        sequences: int,
        *,
        letters: tuple[int, ...] | None = None,
        alphabet: str = ALPHABET,
    ) -> Substitutions:
        """Substitutions in ``sequences`` inputs of a module; see `Plan.variants`.

        letters: the channels that are written, all if None; rows may be of these alone. Raises
        InputError where they do not fit.
        """
        edited = module.main.values[module.seq_input].type
        channels = edited.channels
        given = [_rows(index, each, channels, letters, alphabet) for index, each in enumerate(rows)]
        flat = np.concatenate([*given, np.empty((0, channels))])
        if module.seq_input in module.tokens:
            require_one_hot("a substitution", flat)
        found = cls(
            index_array("sequence", sequence, sequences),
            index_array("position", position, edited.length),
            np.array([len(each) for each in given], np.int64),
            as_dtype("a substitution", flat, NUMPY_DTYPES[edited.dtype]),
        )
        if not len(found.sequence) == len(found.position) == len(found.width):
            raise InputError("sequence, position and rows must be of one length")
        past = np.flatnonzero(found.position + found.width > edited.length)
        if len(past):
            at, width = int(found.position[past[0]]), int(found.width[past[0]])
            raise InputError(
                f"substitution {past[0]}, [{at}, {at + width}), is not inside [0, {edited.length})"
            )
        return found

    def __len__(self) -> int:
        return len(self.sequence)

    @cached_property
    def _first(self) -> IntArray:
        """Where each one's rows begin."""
        return np.cumsum(self.width) - self.width

    def within(
        self, chosen: IntArray, sequence: IntArray, starts: IntArray, width: int, edited: Array
    ) -> Array:
        """What some of them write at wider sites that begin at ``starts``, (m, width, C).

        edited: sequences, (n, L, C), whose own rows stand beside those that are written; sequence:
        (M,), the one of these that each is in.
        """
        sites = starts[:, None] + np.arange(width)
        result = np.array(edited[sequence[chosen][:, None], sites])
        own = self.width[chosen]
        item = np.repeat(np.arange(len(chosen)), own)
        step = np.arange(len(item)) - np.repeat(np.cumsum(own) - own, own)
        column = (self.position[chosen] - starts)[item] + step
        result[item, column] = self.rows[self._first[chosen][item] + step]
        return result

    def mutants(
        self, chosen: IntArray, sequence: IntArray, edited: Array, letters: tuple[int, ...] | None
    ) -> Array:
        """The sequences with some of them written in, (m, L, C); the rest as for `within`.

        letters: the channels that are written, all of them if None.
        """
        starts = np.zeros(len(chosen), np.int64)
        result = self.within(chosen, sequence, starts, edited.shape[1], edited)
        if letters is not None:
            kept = [channel for channel in range(edited.shape[2]) if channel not in letters]
            result[..., kept] = edited[sequence[chosen]][..., kept]
        return result


def _rows(
    index: int, given: Any, channels: int, letters: tuple[int, ...] | None, alphabet: str
) -> Array:
    """What one of them writes, (width, C). Raises InputError where that cannot be read."""
    wide = channels if letters is None else len(letters)
    rows = lettered(given, wide, alphabet)[0] if isinstance(given, str) else array_of(given)
    rows = rows[None] if rows.ndim == 1 else rows
    if rows.dtype.kind not in "biuf" or rows.ndim != 2 or not len(rows):
        raise InputError(
            f"substitution {index} cannot be read",
            why=f"it must be a string of letters, or rows of shape (width, {channels})",
        )
    if letters is not None and rows.shape[1] == wide != channels:
        rows = placed(rows, letters, channels)
    if rows.shape[1] != channels:
        raise InputError(
            f"substitution {index} has rows of {rows.shape[1]} channels, and the model {channels}"
        )
    return rows
