"""Letters to one-hot rows, and which letters stand for "unknown"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError

_NUCLEOTIDES = frozenset("ACGTURYSWKMBDHVN")
_UNKNOWN, _AMBIGUOUS, _FOREIGN = -1, -2, -3


@dataclass(frozen=True)
class Alphabet:
    """The letters of a model's channels, in order.

    Lower case counts as upper case, U as T (and T as U). ``N`` (``X`` in a protein) is a row of
    zeros; the other ambiguity letters of the IUPAC code are too, and are counted.
    """

    letters: str

    def __post_init__(self) -> None:
        letters = self.letters.upper()
        object.__setattr__(self, "letters", letters)
        if not letters or not letters.isascii() or not letters.isalpha():
            raise InputError(f"{self.letters!r} is not an alphabet", why="it must be letters A-Z")
        if len(set(letters)) != len(letters):
            raise InputError(f"{self.letters!r} is not an alphabet", why="a letter occurs twice")

    @cached_property
    def _codes(self) -> npt.NDArray[np.int8]:
        """For every byte: its channel, or what kind of letter it is."""
        nucleic = set(self.letters) <= _NUCLEOTIDES
        unknown, ambiguous = ("N", "RYSWKMBDHV") if nucleic else ("X", "BZJ")
        meaning = {letter: _AMBIGUOUS for letter in ambiguous}
        meaning |= {letter: _UNKNOWN for letter in unknown}
        meaning |= {letter: channel for channel, letter in enumerate(self.letters)}
        if nucleic:
            for base, twin in ("TU", "UT"):
                if base in self.letters:
                    meaning.setdefault(twin, meaning[base])
        codes = np.full(256, _FOREIGN, np.int8)
        for letter, code in meaning.items():
            codes[ord(letter)] = codes[ord(letter.lower())] = code
        return codes

    def one_hot(
        self, sequence: str, *, name: str = "", ambiguous: Counter[str] | None = None
    ) -> npt.NDArray[np.float32]:
        """Encode letters as rows: float32 ``(L, C)``.

        ``ambiguous`` gains the count of each ambiguity letter met. Raises InputError at a letter
        that is none of the alphabet's, with the record's ``name`` and the position (from 0).
        """
        letters = np.frombuffer(sequence.encode("ascii", "replace"), np.uint8)
        codes = self._codes[letters]
        foreign = np.flatnonzero(codes == _FOREIGN)
        if foreign.size:
            at = int(foreign[0])
            raise InputError(
                f"{sequence[at]!r} at position {at} of {name or 'the sequence'} is not a letter"
                f" of {self.letters}",
                why="positions count from 0; N stands for an unknown letter"
                if self._codes[ord("N")] == _UNKNOWN
                else "positions count from 0; X stands for an unknown letter",
            )
        if ambiguous is not None:
            met = letters[codes == _AMBIGUOUS].tobytes().decode("ascii").upper()
            ambiguous.update(met)
        rows = np.zeros((len(codes), len(self.letters)), np.float32)
        known = np.flatnonzero(codes >= 0)
        rows[known, codes[known]] = 1.0
        return rows


def one_hot(sequence: str | Iterable[str], alphabet: str = "ACGT") -> npt.NDArray[np.float32]:
    """Encode one string as float32 ``(L, C)``, or several of one length as ``(N, L, C)``.

    Raises InputError for a letter outside the alphabet, or for strings of different lengths.
    """
    letters = Alphabet(alphabet)
    if isinstance(sequence, str):
        return letters.one_hot(sequence)
    rows = [letters.one_hot(text, name=f"sequence {i}") for i, text in enumerate(sequence)]
    if len({len(row) for row in rows}) != 1:
        raise InputError("the sequences are not of one length, or there are none")
    return np.stack(rows)


def describe_ambiguous(ambiguous: Mapping[str, int]) -> str:
    """A sentence about ambiguity letters that were read as unknown; empty where there were none."""
    if not ambiguous:
        return ""
    counts = ", ".join(f"{count} {letter}" for letter, count in sorted(ambiguous.items()))
    return f"ambiguous letters were read as unknown (a row of zeros): {counts}"
