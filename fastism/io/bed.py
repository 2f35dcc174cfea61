"""Rows of BED files: regions of a genome, or stretches within sequences."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastism.errors import InputError, reason, require_file
from fastism.io.genomics import GZIP
from fastism.io.regions import STRANDS, Region

NARROW_PEAK = 10
"""Columns of a narrowPeak file; the last is the summit's distance from the start."""


_HEADER = re.compile(r"\s*#|(track|browser)(\s|$)")


@dataclass(frozen=True)
class BedRow:
    """A row: ``[start, end)``, 0-based; name and strand where it has them.

    line: its number, from 1. summit: where a narrowPeak has its summit, counted as start is.
    """

    line: int
    chrom: str
    start: int
    end: int
    name: str = ""
    strand: str = "."
    summit: int | None = None

    @property
    def centre(self) -> int:
        """The summit, or else the midpoint."""
        return (self.start + self.end) // 2 if self.summit is None else self.summit

    def window(self, width: int) -> Region:
        """So many positions around the centre, on the row's strand."""
        start = self.centre - width // 2
        return Region(self.chrom, start, start + width, self.strand)

    @property
    def label(self) -> str:
        """The name, or else the place."""
        return self.name or f"{self.chrom}:{self.start}-{self.end}"


def read_bed(path: Path) -> Iterator[BedRow]:
    """The rows of a BED3 to BED9 or narrowPeak file, plain or compressed by gzip, in order.

    Comments, ``track`` and ``browser`` lines are passed over; columns past the sixth mean nothing,
    but for the tenth. Raises InputError, naming the line, for what is no such file.
    """
    for number, fields in bed_lines(path):
        start, end = bounds(path, number, fields)
        strand = fields[5] if len(fields) > 5 else "."
        if strand not in STRANDS:
            why = f"the strand {strand!r} is none of {', '.join(STRANDS)}"
            raise unusable(path, number, why)
        name = fields[3] if len(fields) > 3 and fields[3] != "." else ""
        summit = _summit(path, number, fields, end - start)
        centre = None if summit is None else start + summit
        yield BedRow(number, fields[0], start, end, name, strand, centre)


def bed_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The fields of every row and its number, from 1.

    Raises InputError for a file that is missing, or cannot be read.
    """
    require_file(path, "BED file")
    try:
        with path.open("rb") as file:
            compressed = file.read(len(GZIP)) == GZIP
        opened = gzip.open if compressed else open
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                fields = line.split("\t") if line.count("\t") > 1 else line.split()
                fields = [field.strip() for field in fields]
                if any(fields) and not _HEADER.match(line):
                    yield number, fields
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read", why=reason(error)) from error


def bounds(path: Path, number: int, fields: list[str]) -> tuple[int, int]:
    """The ``[start, end)`` of a row. Raises InputError where it has none."""
    given = fields[1:3]
    if len(given) < 2 or not all(bound.isdecimal() for bound in given):
        raise unusable(path, number, "a row must read: name, start, stop")
    start, end = map(int, given)
    if end <= start:
        raise unusable(path, number, f"[{start}, {end}) holds no position")
    return start, end


def unusable(path: Path, number: int, why: str, attempt: str | None = None) -> InputError:
    """The error of a row."""
    return InputError(f"line {number} of {path} cannot be used", why=why, attempt=attempt)


def _summit(path: Path, number: int, fields: list[str], width: int) -> int | None:
    """The tenth of ten columns; None where there are other than ten, or the peak has no summit."""
    if len(fields) != NARROW_PEAK or fields[-1] == "-1":
        return None
    if not fields[-1].isdecimal() or int(fields[-1]) >= width:
        why = f"its summit, {fields[-1]!r}, is not a position within the peak"
        raise unusable(path, number, why)
    return int(fields[-1])
