"""Sequences in: FASTA files, plain or compressed, as one-hot arrays."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import dnaio
import numpy as np
import numpy.typing as npt

from fastism.errors import InputError, reason, require_file
from fastism.io.alphabet import Alphabet


@dataclass(frozen=True, eq=False)
class Record:
    """One sequence: its name (the header up to the first blank) and its rows, float32 (L, C)."""

    name: str
    sequence: str
    one_hot: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Survey:
    """What a file holds, learnt by reading it once.

    ambiguous: its ambiguity letters by count. identity: a hash of all names and letters.
    repeated: the first name that several records share; None where there is none.
    """

    records: int
    ambiguous: Counter[str]
    identity: str
    repeated: str | None = None

    def describe_repeated(self) -> str:
        """A sentence about records that share a name; empty where none do."""
        if self.repeated is None:
            return ""
        return f"several records are called {self.repeated!r}: by name, only the first is found"


def _sequences(path: Path) -> Iterator[tuple[str, str]]:
    """Names and letters. Raises InputError for a file that is missing, empty or no FASTA."""
    require_file(path, "sequence file")
    empty = True
    try:
        with dnaio.open(path, fileformat="fasta") as reader:
            for record in reader:
                empty = False
                yield (record.name.split() or [""])[0], record.sequence
    except (dnaio.FileFormatError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a FASTA file", why=reason(error)) from error
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path} cannot be read", why=reason(error)) from error
    if empty:
        raise InputError(f"{path} holds no sequence")


def read_fasta(
    path: str | Path,
    *,
    alphabet: str = "ACGT",
    length: int | None = None,
    ambiguous: Counter[str] | None = None,
) -> Iterator[Record]:
    """Yield the records of a FASTA file in order, plain or compressed. Names may repeat.

    ``length``: what every sequence must measure. ``ambiguous`` gains the count of each ambiguity
    letter met (they become rows of zeros, as N does). Raises InputError, naming the record, for a
    missing or empty file, another length, or a letter that is not of the alphabet.
    """
    path, letters = Path(path), Alphabet(alphabet)
    for name, sequence in _sequences(path):
        if not sequence:
            raise InputError(f"the record {name!r} has no letters", where=str(path))
        if length is not None and len(sequence) != length:
            raise InputError(
                f"the record {name!r} has {len(sequence)} letters, and the model reads {length}",
                where=str(path),
                attempt=f"cut or pad every sequence to {length}; N pads",
            )
        try:
            rows = letters.one_hot(sequence, name=f"record {name!r}", ambiguous=ambiguous)
        except InputError as error:
            raise InputError(error.what, where=str(path), why=error.why) from None
        yield Record(name, sequence, rows)


def survey_fasta(path: str | Path, *, alphabet: str = "ACGT", length: int | None = None) -> Survey:
    """Read a whole file for its mistakes alone. Raises what `read_fasta` raises."""
    ambiguous: Counter[str] = Counter()
    names: set[str] = set()
    repeated, digest = None, hashlib.sha256()
    records = 0
    for record in read_fasta(path, alphabet=alphabet, length=length, ambiguous=ambiguous):
        records += 1
        digest.update(f"{record.name}\n{record.sequence}\n".encode())
        if record.name in names:
            repeated = repeated or record.name
        names.add(record.name)
    return Survey(records, ambiguous, digest.hexdigest(), repeated)


def batches(
    records: Iterable[Record], size: int
) -> Iterator[tuple[list[str], npt.NDArray[np.float32]]]:
    """Names and rows ``(n, L, C)`` of up to ``size`` records at a time."""
    source = iter(records)
    while batch := list(islice(source, size)):
        yield [record.name for record in batch], np.stack([record.one_hot for record in batch])
