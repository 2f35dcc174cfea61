"""A genome: stretches of its chromosomes out of an indexed FASTA file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fastism.errors import InputError, did_you_mean, reason, require_file
from fastism.io.genomics import GZIP, is_plain_gzip, load_pysam

_HEADER = 4096
"""Bytes looked at for the header of a chromosome."""

_COMPLEMENT = str.maketrans("ACGTURYKMBDHVacgturykmbdhv", "TGCAAYRMKVHDBtgcaayrmkvhdb")


class Genome:
    """An open FASTA file, plain or compressed by bgzip.

    chromosomes: their lengths by name, in the file's order. An index is made beside the file where
    there is none. Raises InputError for a file that is missing, is no FASTA, or is compressed
    otherwise.
    """

    def __init__(self, path: Path) -> None:
        require_file(path, "genome file")
        pysam = load_pysam("reading a genome")
        if is_plain_gzip(path):
            raise InputError(
                f"the genome {path} is compressed by gzip, which cannot be read from the middle",
                attempt=f"gunzip -c {path} | bgzip > genome.fa.gz",
            )
        with path.open("rb") as file:
            begins = file.read(len(GZIP))
        if not begins.startswith((b">", GZIP)):
            raise InputError(f"the genome {path} is not a FASTA file", why="it begins without >")
        self.path = path
        try:
            self._file = pysam.FastaFile(str(path))
        except (OSError, ValueError) as error:
            raise InputError(
                f"the genome {path} cannot be read",
                why="no index of it could be made or read: its lines must be of one length, and "
                "the folder open for writing",
                attempt=f"samtools faidx {path}",
            ) from error
        if begins != GZIP:
            _check_index(path)
        lengths = zip(self._file.references, self._file.lengths, strict=True)
        self.chromosomes: Mapping[str, int] = dict(lengths)

    def stretch(self, chrom: str, start: int, end: int) -> str:
        """The letters of ``[start, end)``, with N for those past either end of the chromosome."""
        length = self.chromosomes[chrom]
        first, last = min(max(start, 0), length), min(max(end, 0), length)
        try:
            inside = str(self._file.fetch(chrom, first, last)) if last > first else ""
        except (OSError, ValueError) as error:
            raise InputError(f"the genome {self.path} cannot be read", why=reason(error)) from error
        return (
            "N" * (min(end, 0) - min(start, 0))
            + inside
            + "N" * (max(end, length) - max(start, length))
        )

    def require(self, chrom: str, where: str) -> None:
        """Raise InputError unless the genome has a chromosome."""
        if chrom not in self.chromosomes:
            raise InputError(
                f"the genome {self.path} has no chromosome {chrom!r}",
                where=where,
                why=f"it has {named(self.chromosomes)}",
                attempt=did_you_mean(chrom, self.chromosomes),
            )


def _check_index(path: Path) -> None:
    """Raise InputError where the index beside a plain file is of another file.

    Every chromosome must begin behind its header, and end before the next.
    """
    index = path.with_name(f"{path.name}.fai")
    with path.open("rb") as file:
        for line in index.read_text(encoding="utf-8").splitlines():
            name, *numbers = line.split("\t")
            length, offset, bases, width = map(int, numbers[:4])
            file.seek(max(offset - _HEADER, 0))
            header = file.read(min(offset, _HEADER)).rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
            file.seek(offset + length // bases * width + length % bases if length else offset)
            after = file.read(3).strip()
            if header[1:].split()[:1] != [name.encode()] or after[:1] not in (b"", b">"):
                raise InputError(
                    f"the index {index} is not of the genome {path}",
                    why=f"{name!r} is elsewhere, or of another length",
                    attempt=f"rm {index}; it is made anew",
                )


def named(names: Iterable[str], most: int = 5) -> str:
    """The first of some names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def reverse_complement(letters: str) -> str:
    """The other strand, read its own way; ambiguity letters too, and U as T."""
    return letters.translate(_COMPLEMENT)[::-1]
