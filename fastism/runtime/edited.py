"""What was scored: the sequences, the sites, and what was written there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.scored import ScoredSequence

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Edited:
    """rows: (N, L, C), of the channels that hold letters. starts, width: the sites.

    alternatives: (A, width, C), or (1 or N, 1 or S, A, width, C) where they are not the same
    everywhere.
    """

    rows: Array
    starts: Array
    width: int
    alternatives: Array

    def scored(
        self,
        sequence: int,
        output: str,
        reference: Array,
        alternate: Array,
        alphabet: str | None,
        name: str | None,
    ) -> ScoredSequence:
        """One of the sequences, with its scores among (N, *out) and (N, S, A, *out).

        Raises InputError if there is no such sequence, or ``alphabet`` does not name its channels.
        """
        count, _, channels = self.rows.shape
        if sequence not in range(-count, count):
            raise InputError(f"there is no sequence {sequence}: {count:,} were scored")
        letters = alphabet or ("ACGT" if channels == 4 else "")
        if len(letters) != channels:
            raise InputError(
                f"the sequences have {channels} channels, and "
                + (f"the alphabet {letters} {len(letters)} letters" if letters else "no letters"),
                attempt='alphabet="..." with one letter a channel, in the model\'s order',
            )
        own = self.alternatives
        if own.ndim == 5:
            own = np.broadcast_to(own, (count, *own.shape[1:]))[sequence]
        return ScoredSequence(
            name=name or f"sequence {sequence % count}",
            alphabet=letters,
            rows=self.rows[sequence],
            starts=self.starts,
            width=self.width,
            alternatives=own,
            output=output,
            reference=reference[sequence],
            alternate=alternate[sequence],
        )
