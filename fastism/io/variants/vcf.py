"""A file of variants: VCF, plain or compressed, or BCF; whole, or some stretches of a genome."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastism.errors import InputError, reason, require_file
from fastism.io.genomics import is_plain_gzip, load_pysam
from fastism.io.variants.stretches import Stretches
from fastism.io.variants.variant import Variant, alleles


class VcfFile:
    """A file that was read once for its mistakes, and can be read again.

    stretches: where variants are wanted, by where they begin; everywhere if None. The file's index
    finds them, where it has one; else all records are read. count: the wanted variants, an allele
    each. header: the file's, with what its records alone name, too.

    Raises InputError for a file that is missing, damaged or no such file.
    """

    def __init__(self, path: Path, stretches: Stretches | None = None) -> None:
        require_file(path, "VCF file")
        if is_plain_gzip(path):
            raise InputError(
                f"{path} is compressed by gzip, and variants are read from blocks of bgzip",
                attempt=f"gunzip -c {path} | bgzip > variants.vcf.gz",
            )
        self._pysam = load_pysam("reading variants")
        self._path, self._stretches = path, stretches
        file = self._open()
        self.indexed, self.header = file.index is not None, file.header
        self.count = sum(len(alleles(record)) for record in self._records(file))

    def variants(self) -> Iterator[Variant]:
        """The wanted variants, in the file's order."""
        for record in self._records(self._open()):
            yield from alleles(record)

    def _open(self) -> Any:
        try:
            return self._pysam.VariantFile(str(self._path))
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno != errno.ENOEXEC:  # of another format
                raise InputError(f"{self._path} cannot be read", why=reason(error)) from error
            raise InputError(
                f"{self._path} is not a VCF file",
                why="it must begin with ##fileformat=VCFv4 and have a line that begins with #CHROM",
            ) from error

    def _records(self, file: Any) -> Iterator[Any]:
        read = 0
        try:
            for record in self._wanted(file):
                read += 1
                yield record
        except (OSError, ValueError) as error:
            raise InputError(
                f"record {read + 1:,} of {self._path} cannot be read",
                why=f"it is cut off, or no record of a VCF file ({error})",
            ) from error
        finally:
            file.close()

    def _wanted(self, file: Any) -> Iterator[Any]:
        wanted = self._stretches
        if wanted is None or not self.indexed:
            # Not "for record in file", which goes back to the start, and gzip alone cannot.
            while (record := next(file, None)) is not None:
                if wanted is None or wanted.holds(record.chrom, record.pos - 1):
                    yield record
            return
        for chrom in file.header.contigs:
            for start, end in wanted.by_chrom.get(chrom, []):
                for record in file.fetch(chrom, start, end):
                    if start <= record.pos - 1 < end:
                        yield record
