"""Sequences out of a FASTA file, plain or compressed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from fastism.io import fasta
from fastism.io.alphabet import describe_ambiguous
from fastism.io.sources.base import Batch, Reads, require_letters


class FastaSource:
    """The records of a file, in order.

    Raises InputError, naming the record, where one does not fit the plan; see `read_fasta`.
    """

    chromosomes: Mapping[str, int] | None = None
    one_hot = True

    def __init__(self, path: Path, reads: Reads, alphabet: str) -> None:
        require_letters(reads, alphabet)
        self._path, self._reads, self._alphabet = path, reads, alphabet
        survey = fasta.survey_fasta(path, alphabet=alphabet, length=reads.length)
        self.count, self.identity = survey.records, survey.identity
        notes = (describe_ambiguous(survey.ambiguous), survey.describe_repeated())
        self.notes = tuple(filter(None, notes))

    def batches(self, size: int, first: int = 0) -> Iterator[Batch]:
        """Up to ``size`` records at a time, from the ``first`` on."""
        records = fasta.read_fasta(self._path, alphabet=self._alphabet, length=self._reads.length)
        for names, rows in fasta.batches(islice(records, first, None), size):
            yield Batch(names, {self._reads.seq_input: rows})
