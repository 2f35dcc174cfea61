"""Regions of a genome as sequences: where their windows lie, on which strand, and at the ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.alphabet import one_hot
from fastism.io.regions import Region
from fastism.io.sources.base import Reads
from fastism.io.sources.genomic import RegionSource
from tests.genomes import complement, letters, write_bed, write_genome

WIDTH = 10
READS = Reads({"dna": (WIDTH, 4)}, "dna")
CHROMOSOMES = {"chr1": letters(120, 0), "chr2": letters(50, 1)}
PEAK = (0, ".", 1.5, -1, -1)


def source(folder: Path, *rows: tuple[object, ...], on_mismatch: str = "pad") -> RegionSource:
    genome = write_genome(folder / "g.fa", CHROMOSOMES)
    bed = write_bed(folder / "x.bed", rows)
    return RegionSource(bed, genome, READS, "ACGT", on_mismatch)


def test_windows_around_summits_and_midpoints_on_either_strand(tmp_path: Path) -> None:
    made = source(
        tmp_path,
        ("chr1", 20, 31),
        ("chr2", 20, 30, "b", 0, "-"),
        ("chr1", 40, 90, "c", *PEAK, 7),
    )
    assert made.count == 3
    assert made.notes == ()
    assert dict(made.chromosomes) == {"chr1": 120, "chr2": 50}
    (batch,) = made.batches(8)
    assert batch.names == ["chr1:20-31", "b", "c"]
    assert batch.regions == [
        Region("chr1", 20, 30),
        Region("chr2", 20, 30, "-"),
        Region("chr1", 42, 52),
    ]
    one, two = CHROMOSOMES["chr1"], CHROMOSOMES["chr2"]
    expected = one_hot([one[20:30], complement(two[20:30]), one[42:52]])
    np.testing.assert_array_equal(batch.inputs["dna"], expected)
    np.testing.assert_array_equal(expected[1], one_hot(two[20:30])[::-1, ::-1])
    assert [part.names for part in made.batches(1, first=1)] == [["b"], ["c"]]


def test_windows_past_the_ends_are_padded_and_said(tmp_path: Path) -> None:
    made = source(tmp_path, ("chr1", 0, 4, "left"), ("chr2", 44, 50, "right", 0, "-"))
    (batch,) = made.batches(8)
    assert batch.regions == [Region("chr1", -3, 7), Region("chr2", 42, 52, "-")]
    expected = ["NNN" + CHROMOSOMES["chr1"][:7], "NN" + complement(CHROMOSOMES["chr2"][42:])]
    np.testing.assert_array_equal(batch.inputs["dna"], one_hot(expected))
    assert made.notes == (
        "2 windows reach past the end of their chromosome, and are padded with N: left, right",
    )


def test_what_is_not_whole_in_the_genome_is_left_out(tmp_path: Path) -> None:
    rows = [("chr1", 0, 4, "left"), ("chr3", 5, 9, "none"), ("chr1", 50, 60, "good")]
    made = source(tmp_path, *rows, on_mismatch="skip")
    assert [part.names for part in made.batches(8)] == [["good"]]
    assert made.notes == ("2 regions were left out (--on-mismatch skip): left, none",)
    with pytest.raises(InputError, match=r"no region of .* lies in the genome .*\n  why: left out"):
        source(tmp_path, *rows[:2], on_mismatch="skip")


@pytest.mark.parametrize(
    ("row", "on_mismatch", "message"),
    [
        (
            ("chr3", 5, 9),
            "pad",
            r"no chromosome 'chr3'\n  in line 1 of .*x\.bed\n  why: it has chr1",
        ),
        (("chr3", 5, 9), "error", "has no chromosome 'chr3'"),
        (("chr1", 0, 4), "error", r"its window chr1:-3-7 is not inside chr1, which has 120 positi"),
        (("chr1", 200, 300), "pad", r"line 1 of .*\n  why: its window .* is not inside chr1"),
        (("chr1", 125, 126), "pad", r"chr1:120-130 is not inside chr1"),
    ],
)
def test_mistakes(tmp_path: Path, row: tuple[object, ...], on_mismatch: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        source(tmp_path, row, on_mismatch=on_mismatch)


def test_an_empty_file_and_foreign_letters(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.bed holds no region"):
        source(tmp_path, ("# nothing",))
    genome = write_genome(tmp_path / "p.fa", {"chr1": "ACGTACGTEFACGT"})
    bed = write_bed(tmp_path / "x.bed", [("chr1", 2, 10)])
    with pytest.raises(InputError, match="'E' at position 7 of chr1:1-11 is not a letter of ACGT"):
        RegionSource(bed, genome, READS, "ACGT")


def test_another_region_strand_or_base_is_another_identity(tmp_path: Path) -> None:
    rows = [("chr1", 20, 31), ("chr1", 20, 33), ("chr1", 20, 31, ".", 0, "-")]
    found = {source(tmp_path, row).identity for row in rows}
    genome = write_genome(tmp_path / "h.fa", {"chr1": CHROMOSOMES["chr2"]})
    bed = write_bed(tmp_path / "x.bed", rows[:1])
    found.add(RegionSource(bed, genome, READS, "ACGT").identity)
    assert len(found) == 4


def test_names_that_are_there_twice_and_ambiguity(tmp_path: Path) -> None:
    genome = write_genome(tmp_path / "n.fa", {"chr1": "ACGTRACGTACGTACGT"})
    bed = write_bed(tmp_path / "x.bed", [("chr1", 0, 10, "a"), ("chr1", 1, 11, "a")])
    assert RegionSource(bed, genome, READS, "ACGT").notes == (
        "several regions are called 'a': by name, only the first is found",
        "ambiguous letters were read as unknown (a row of zeros): 2 R",
    )
