"""Sequences out of a genome: a window around every region of a BED or narrowPeak file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from fastism.errors import InputError
from fastism.io.alphabet import Alphabet, describe_ambiguous
from fastism.io.bed import BedRow, read_bed, unusable
from fastism.io.genome import Genome, named, reverse_complement
from fastism.io.regions import Region
from fastism.io.sources.base import Batch, Reads, require_letters


class RegionSource:
    """Windows around the centre of every region, in order.

    A window is as wide as the plan reads, around the summit of a narrowPeak or the midpoint; on
    strand ``-`` the sequence is the reverse complement.

    on_mismatch: ``pad``, N past the ends of a chromosome, and an error where there is nothing to
    pad; ``skip``, leave out what is not whole in the genome; ``error``. Raises InputError, naming
    the line, at the first mistake.
    """

    one_hot = True

    def __init__(
        self, path: Path, genome: Path, reads: Reads, alphabet: str, on_mismatch: str = "pad"
    ) -> None:
        require_letters(reads, alphabet)
        self._path, self._reads, self._on_mismatch = path, reads, on_mismatch
        self._letters = Alphabet(alphabet)
        self._genome = Genome(genome)
        self._skipped: list[str] = []
        self._padded: list[str] = []
        rows = list(read_bed(path))
        if not rows:
            raise InputError(f"{path} holds no region")
        taken = ((row.label, self._window(row)) for row in rows)
        self._taken = [(label, window) for label, window in taken if window is not None]
        if not self._taken:
            raise InputError(
                f"no region of {path} lies in the genome {genome}",
                why=f"left out: {named(self._skipped)}",
            )
        self.identity, ambiguous = self._survey()
        self.notes = tuple(filter(None, [*self._notes(), describe_ambiguous(ambiguous)]))

    @property
    def count(self) -> int:
        """How many regions are taken."""
        return len(self._taken)

    @property
    def chromosomes(self) -> Mapping[str, int]:
        """The lengths of the genome's chromosomes."""
        return self._genome.chromosomes

    def batches(self, size: int, first: int = 0) -> Iterator[Batch]:
        """Up to ``size`` regions at a time, from the ``first`` on."""
        for begin in range(first, self.count, size):
            part = self._taken[begin : begin + size]
            rows = [self._letters.one_hot(self._sequence(window)) for _, window in part]
            names, regions = [label for label, _ in part], [window for _, window in part]
            yield Batch(names, {self._reads.seq_input: np.stack(rows)}, regions)

    def _window(self, row: BedRow) -> Region | None:
        """The window of a row; None where it is left out."""
        where = f"line {row.line} of {self._path}"
        window = row.window(self._reads.length)
        if row.chrom not in self.chromosomes and self._on_mismatch == "skip":
            self._skipped.append(row.label)
            return None
        self._genome.require(row.chrom, where)
        length = self.chromosomes[row.chrom]
        if window.start >= 0 and window.end <= length:
            return window
        if self._on_mismatch == "skip":
            self._skipped.append(row.label)
            return None
        why = f"its window {window} is not inside {row.chrom}, which has {length:,} positions"
        if self._on_mismatch == "error" or not (window.end > 0 and window.start < length):
            raise unusable(self._path, row.line, why, attempt="--on-mismatch skip")
        self._padded.append(row.label)
        return window

    def _sequence(self, window: Region) -> str:
        letters = self._genome.stretch(window.chrom, window.start, window.end)
        return reverse_complement(letters) if window.reversed else letters

    def _survey(self) -> tuple[str, Counter[str]]:
        """A hash of all windows and their letters, and the ambiguity letters in them by count."""
        digest, ambiguous = hashlib.sha256(), Counter[str]()
        for label, window in self._taken:
            letters = self._sequence(window)
            try:
                self._letters.one_hot(letters, name=str(window), ambiguous=ambiguous)
            except InputError as error:
                raise InputError(error.what, where=str(self._genome.path), why=error.why) from None
            digest.update(f"{label}\n{window}\n{letters}\n".encode())
        return digest.hexdigest(), ambiguous

    def _notes(self) -> Iterator[str]:
        if self._padded:
            yield (
                f"{len(self._padded):,} windows reach past the end of their chromosome, and are "
                f"padded with N: {named(self._padded)}"
            )
        if self._skipped:
            yield (
                f"{len(self._skipped):,} regions were left out (--on-mismatch skip): "
                f"{named(self._skipped)}"
            )
        counts = Counter(label for label, _ in self._taken)
        repeated = next((label for label, count in counts.items() if count > 1), None)
        if repeated is not None:
            yield f"several regions are called {repeated!r}: by name, only the first is found"
