"""One sequence of a run: what it holds, what was written into it, and what the model said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.regions import Region

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class ScoredSequence:
    """One sequence and all its scores for one output of the model.

    name: of the sequence. alphabet: the letters of the channels, in order. rows: the sequence,
    (L, C). starts, width: the sites, S of them. alternatives: the rows written at each site,
    (A, width, C), or (S, A, width, C) where sites get their own. output: by the user's name.
    reference: (*out), the prediction for the sequence; alternate: (S, A, *out), for the mutants.
    region: where in a genome the sequence comes from, if known.
    """

    name: str
    alphabet: str
    rows: Array
    starts: Array
    width: int
    alternatives: Array
    output: str
    reference: Array
    alternate: Array
    region: Region | None = None

    @property
    def text(self) -> str:
        """The letter at each of the L positions; ``.`` where a row is not one-hot."""
        return "".join(spelled(self.rows, self.alphabet))

    @property
    def held(self) -> Array:
        """(S, A) bool: whether a site holds an alternative already, before any edit."""
        sites = self.starts[:, None] + np.arange(self.width)
        written = self.alternatives if self.alternatives.ndim > 3 else self.alternatives[None]
        return np.asarray((self.rows[sites][:, None] == written).all(axis=(-1, -2)))

    @property
    def labels(self) -> tuple[str, ...]:
        """What each alternative is called: its letters, ``zeros``, ``uniform``, or a number."""
        if self.alternatives.ndim > 3:
            return tuple(str(number) for number in range(1, self.alternatives.shape[-3] + 1))
        return tuple(self._label(number, rows) for number, rows in enumerate(self.alternatives, 1))

    def _label(self, number: int, rows: Array) -> str:
        letters = "".join(spelled(rows, self.alphabet))
        if "." not in letters:
            return letters
        if (rows == rows[0, 0]).all():
            return "uniform" if rows[0, 0] else "zeros"
        return str(number)


def spelled(rows: Array, alphabet: str) -> Sequence[str]:
    """The letter of each row of ``(L, C)``; ``.`` where a row is not one-hot."""
    whole = (rows.max(axis=1) == 1) & (np.abs(rows).sum(axis=1) == 1)
    return [
        alphabet[channel] if one else "."
        for channel, one in zip(rows.argmax(axis=1), whole, strict=True)
    ]
