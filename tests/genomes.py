"""Small genomes, regions and variants, made by the tests that read them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def letters(count: int, seed: int) -> str:
    """Random bases."""
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), count))


def write_genome(path: Path, chromosomes: Mapping[str, str], line: int = 60) -> Path:
    """A FASTA file with lines of one length."""
    with path.open("w") as file:
        for name, bases in chromosomes.items():
            lines = [bases[first : first + line] for first in range(0, len(bases), line)]
            file.write(f">{name} a chromosome\n" + "".join(f"{each}\n" for each in lines))
    return path


def write_bed(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """A BED file, compressed where its name says so."""
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def complement(bases: str) -> str:
    """The reverse complement, by the definition."""
    return "".join({"A": "T", "C": "G", "G": "C", "T": "A"}.get(base, base) for base in bases[::-1])


HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##contig=<ID=chr2>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


def write_vcf(path: Path, rows: Sequence[tuple[str, int, str, str]], header: str = HEADER) -> Path:
    """A VCF file of (chrom, position from 1, REF, ALT), compressed by bgzip and indexed if .gz."""
    lines = [
        f"{c}\t{pos}\trs{i}\t{ref}\t{alt}\t.\tPASS\t." for i, (c, pos, ref, alt) in enumerate(rows)
    ]
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    plain.write_text(header + "".join(f"{line}\n" for line in lines))
    if path.suffix == ".gz":
        import pysam

        pysam.tabix_compress(str(plain), str(path), force=True)
        pysam.tabix_index(str(path), preset="vcf", force=True)
        plain.unlink()
    return path
