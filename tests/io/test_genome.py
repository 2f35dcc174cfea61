"""Stretches of a genome, past its ends too, and files that are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pysam
import pytest

from fastism.errors import InputError
from fastism.io.genome import Genome, reverse_complement
from tests.genomes import complement, letters, write_genome

CHROMOSOMES = {"chr1": letters(150, 0), "chrM": letters(70, 1).lower()}


def test_stretches_plain_and_compressed(tmp_path: Path) -> None:
    path = write_genome(tmp_path / "g.fa", CHROMOSOMES)
    pysam.tabix_compress(str(path), str(tmp_path / "g.fa.gz"))
    for name in ("g.fa", "g.fa.gz"):
        genome = Genome(tmp_path / name)
        assert dict(genome.chromosomes) == {"chr1": 150, "chrM": 70}
        one = CHROMOSOMES["chr1"]
        assert genome.stretch("chr1", 50, 70) == one[50:70]
        assert genome.stretch("chr1", -3, 4) == "NNN" + one[:4]
        assert genome.stretch("chr1", 148, 153) == one[148:] + "NNN"
        assert genome.stretch("chr1", -1, 151) == f"N{one}N"
        assert genome.stretch("chr1", 200, 203) == genome.stretch("chr1", -9, -6) == "NNN"
        assert genome.stretch("chrM", 0, 5) == CHROMOSOMES["chrM"][:5]


def test_the_other_strand() -> None:
    assert reverse_complement("AACGTN") == complement("AACGTN") == "NACGTT"
    assert reverse_complement("acgRYK") == "MRYcgt"


def test_a_chromosome_it_does_not_have(tmp_path: Path) -> None:
    genome = Genome(write_genome(tmp_path / "g.fa", {f"chr{i}": "ACGT" for i in range(9)}))
    genome.require("chr1", "x.bed")
    with pytest.raises(InputError) as caught:
        genome.require("chr11", "line 3 of x.bed")
    assert str(caught.value) == (
        f"the genome {tmp_path}/g.fa has no chromosome 'chr11'\n  in line 3 of x.bed\n"
        "  why: it has chr0, chr1, chr2, chr3, chr4 and 4 more\n  try: did you mean 'chr1'?"
    )


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no genome file"):
        Genome(tmp_path / "none.fa")
    for text in ("hello\n", ""):
        (tmp_path / "x.fa").write_text(text)
        with pytest.raises(InputError, match="is not a FASTA file\n  why: it begins without >"):
            Genome(tmp_path / "x.fa")
    (tmp_path / "x.fa").write_text(">a\nACGT\nAC\nACGT\n")
    with pytest.raises(InputError, match="its lines must be of one length"):
        Genome(tmp_path / "x.fa")
    (tmp_path / "x.fa.gz").write_bytes(gzip.compress(b">a\nACGT\n"))
    with pytest.raises(InputError, match=r"is compressed by gzip, .*\n  try: gunzip -c"):
        Genome(tmp_path / "x.fa.gz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.fa", "x.fa.gz"]


@pytest.mark.parametrize(
    "other",
    [
        {"chr1": "ACGT"},
        {"chr1": letters(151, 0), "chrM": letters(70, 1)},
        {"chr2": CHROMOSOMES["chr1"], "chrM": CHROMOSOMES["chrM"]},
        {"chr1": CHROMOSOMES["chr1"], "chrM": letters(71, 1)},
    ],
)
def test_an_index_of_another_file(tmp_path: Path, other: dict[str, str]) -> None:
    path = write_genome(tmp_path / "g.fa", CHROMOSOMES)
    Genome(path)
    Genome(path)
    write_genome(path, other)
    with pytest.raises(InputError, match=r"g\.fa\.fai is not of the genome .*g\.fa\n") as caught:
        Genome(path)
    assert caught.value.attempt == f"rm {path}.fai; it is made anew"
