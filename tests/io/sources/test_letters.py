"""Sequences of a FASTA file as a run takes them: from any on, known again, with what to say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.sources.base import Reads
from fastism.io.sources.letters import FastaSource

READS = Reads({"dna": (4, 4)}, "dna")


def source(folder: Path, text: str) -> FastaSource:
    (folder / "x.fa").write_text(text)
    return FastaSource(folder / "x.fa", READS, "ACGT")


def test_batches_from_any_sequence_on(tmp_path: Path) -> None:
    made = source(tmp_path, "".join(f">r{i}\nACG{base}\n" for i, base in enumerate("ACGTA")))
    assert made.count == 5
    assert made.chromosomes is None
    assert [batch.names for batch in made.batches(2)] == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    later = list(made.batches(2, first=3))
    assert [batch.names for batch in later] == [["r3", "r4"]]
    assert later[0].regions is None
    np.testing.assert_array_equal(later[0].inputs["dna"][:, 3], np.eye(4)[[3, 0]])


def test_another_letter_or_name_is_another_identity(tmp_path: Path) -> None:
    texts = [">a\nACGT\n", ">a\nACGA\n", ">b\nACGT\n", ">a\nACGT\n>b\nACGT\n"]
    assert len({source(tmp_path, text).identity for text in texts}) == 4
    assert source(tmp_path, texts[0]).identity == source(tmp_path, ">a x\nAC\nGT\n").identity


def test_what_a_user_should_know(tmp_path: Path) -> None:
    made = source(tmp_path, ">a\nACRT\n>a\nACGT\n")
    assert made.notes == (
        "ambiguous letters were read as unknown (a row of zeros): 1 R",
        "several records are called 'a': by name, only the first is found",
    )


def test_the_alphabet_fits_the_channels(tmp_path: Path) -> None:
    (tmp_path / "x.fa").write_text(">a\nACGT\n")
    with pytest.raises(InputError, match="reads 4 channels, and the alphabet ACGTM has 5 letters"):
        FastaSource(tmp_path / "x.fa", READS, "ACGTM")


def test_records_of_another_length_or_alphabet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 letters"):
        source(tmp_path, ">a\nACG\n")
    (tmp_path / "x.fa").write_text(">a\nWXYZ\n")
    made = FastaSource(tmp_path / "x.fa", READS, "WXYZ")
    assert made.notes == ()
    (batch,) = made.batches(1)
    np.testing.assert_array_equal(batch.inputs["dna"][0], np.eye(4))
    (tmp_path / "x.fa").write_text(">a\nWXYZW\n")
    with pytest.raises(InputError):
        list(made.batches(1))
