"""Sequences in: letters, ambiguity, and every way a file can be wrong."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.alphabet import describe_ambiguous, one_hot
from fastism.io.fasta import batches, read_fasta, survey_fasta


def fasta(folder: Path, text: str, name: str = "x.fa") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["x.fa", "x.fa.gz"])
def test_records_plain_and_compressed(tmp_path: Path, name: str) -> None:
    path = fasta(tmp_path, ">one chr1:10-14\nAC\ngt\n>one\r\nNTTU\r\n", name)
    first, second = read_fasta(path, length=4)
    assert (first.name, first.sequence, second.name) == ("one", "ACgt", "one")
    np.testing.assert_array_equal(first.one_hot, np.eye(4, dtype=np.float32))
    np.testing.assert_array_equal(second.one_hot[0], np.zeros(4))
    np.testing.assert_array_equal(second.one_hot[1:], np.eye(4)[[3, 3, 3]])
    assert first.one_hot.dtype == np.float32


def test_ambiguity_letters_are_zeros_and_counted_but_n_is_silent(tmp_path: Path) -> None:
    path = fasta(tmp_path, ">a\nNRrY\n>b\nANNN\n")
    survey = survey_fasta(path, length=4)
    assert survey.records == 2
    assert survey.ambiguous == Counter(R=2, Y=1)
    assert describe_ambiguous(survey.ambiguous).endswith("2 R, 1 Y")
    assert describe_ambiguous({}) == ""
    assert not next(read_fasta(path)).one_hot.any()


@pytest.mark.parametrize("letter", ["!", "J", " ", "-", "*"])
def test_an_unknown_letter_is_located(tmp_path: Path, letter: str) -> None:
    path = fasta(tmp_path, f">good\nACGT\n>bad\nAC{letter}T\n")
    with pytest.raises(InputError) as caught:
        survey_fasta(path)
    message = str(caught.value)
    assert f"{letter!r} at position 2 of record 'bad'" in message
    assert str(path) in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no sequence"),
        ("hello\n", "is not a FASTA file"),
        ("@a\nACGT\n+\nIIII\n", "is not a FASTA file"),
        (">a\nAC\u00e9T\n", "is not a FASTA file"),
        (">a\n>b\nACGT\n", "the record 'a' has no letters"),
        (">a\nACG\n", "the record 'a' has 3 letters, and the model reads 4"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        survey_fasta(fasta(tmp_path, text), length=4)


def test_a_missing_file_and_a_truncated_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no sequence file"):
        survey_fasta(tmp_path / "missing.fa")
    path = fasta(tmp_path, ">a\n" + "ACGT" * 500, "x.fa.gz")
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(InputError, match="cannot be read"):
        survey_fasta(path)


def test_other_alphabets() -> None:
    np.testing.assert_array_equal(one_hot("ACUT", "ACGU"), np.eye(4)[[0, 1, 3, 3]])
    np.testing.assert_array_equal(one_hot("TGCA", "TGCA"), np.eye(4))
    protein = "ACDEFGHIKLMNPQRSTVWY"
    np.testing.assert_array_equal(one_hot("NX", protein), [np.eye(20)[11], np.zeros(20)])
    with pytest.raises(InputError, match="'U' at position 0"):
        one_hot("U", protein)
    np.testing.assert_array_equal(one_hot("mA", "ACGTM"), np.eye(5)[[4, 0]])


@pytest.mark.parametrize("alphabet", ["", "ACGA", "AC-T", "ACé"])
def test_alphabets_that_are_none(alphabet: str) -> None:
    with pytest.raises(InputError, match="is not an alphabet"):
        one_hot("A", alphabet)


def test_several_strings_at_once() -> None:
    assert one_hot(["ACG", "TTT"]).shape == (2, 3, 4)
    with pytest.raises(InputError, match="not of one length"):
        one_hot(["ACG", "TT"])


def test_batches(tmp_path: Path) -> None:
    path = fasta(tmp_path, "".join(f">r{i}\nACGT\n" for i in range(5)))
    made = list(batches(read_fasta(path), 2))
    assert [names for names, _ in made] == [["r0", "r1"], ["r2", "r3"], ["r4"]]
    assert [rows.shape for _, rows in made] == [(2, 4, 4), (2, 4, 4), (1, 4, 4)]
