"""Where in a genome a sequence comes from."""

from __future__ import annotations

from dataclasses import dataclass

from fastism.errors import InputError

STRANDS = ("+", "-", ".")


@dataclass(frozen=True)
class Region:
    """The stretch ``[start, end)`` of a chromosome that a sequence was read from, 0-based.

    The stretch is as wide as the sequence: its position ``i`` is ``start + i``, or ``end - 1 - i``
    where ``strand`` is ``-``, and the sequence the reverse complement. ``start`` is below 0, or
    ``end`` past the end of the chromosome, where the sequence is padded there. Strand ``.`` is
    none, and read as ``+``. Raises InputError for another strand, or an ``end`` not past ``start``.
    """

    chrom: str
    start: int
    end: int
    strand: str = "."

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InputError(f"the region {self} holds no position")
        if self.strand not in STRANDS:
            raise InputError(
                f"the region {self} has the strand {self.strand!r}",
                why=f"a strand is one of {', '.join(STRANDS)}",
            )

    def __str__(self) -> str:
        sign = f"({self.strand})" if self.strand in ("+", "-") else ""
        return f"{self.chrom}:{self.start}-{self.end}{sign}"

    @property
    def reversed(self) -> bool:
        """Whether the sequence is the reverse complement of what the genome holds."""
        return self.strand == "-"
