"""A variant of a genome: one alternate allele of one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variant:
    """What a record says of one of its alternate alleles.

    position: where ``reference`` begins, counted from 0; a record counts from 1. alternate: the
    allele as it is written, symbols too; empty where the record has none. name: its id, or ``.``.
    record: the record it is of, as pysam has it; alleles of one record follow one another.
    """

    chrom: str
    position: int
    reference: str
    alternate: str
    name: str = "."
    record: Any = None

    @property
    def end(self) -> int:
        """Where ``reference`` ends."""
        return self.position + len(self.reference)


def alleles(record: Any) -> list[Variant]:
    """The variants of a record of pysam's."""
    place = record.chrom, record.pos - 1, record.ref or ""
    name = record.id or "."
    return [Variant(*place, alternate, name, record) for alternate in record.alts or ("",)]
