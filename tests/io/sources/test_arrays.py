"""Sequences and tracks out of files of arrays, beside letters or alone."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.array_files import is_array_file, open_array, path_of
from fastism.io.sources.arrays import ArraySource
from fastism.io.sources.base import Reads
from fastism.io.sources.letters import FastaSource
from fastism.ir import Graph, Module, TensorType, Value

READS = Reads({"dna": (6, 4), "tracks": (6, 2), "age": (1,)}, "dna")
DNA = np.eye(4, dtype=np.int8)[np.random.default_rng(0).integers(0, 4, (5, 6))]
TRACKS = np.random.default_rng(1).normal(size=(5, 6, 2))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save("dna.npy", DNA)
    np.savez("one.npz", DNA)
    np.savez("two.npz", dna=DNA, tracks=TRACKS)
    with h5py.File("x.h5", "w") as file:
        file["group/dna"], file["tracks"] = DNA, TRACKS
        file["text"] = "ACGT"
    return tmp_path


def test_what_a_plan_reads_by_its_manifest_and_by_its_module() -> None:
    shapes = {"dna": [6, 4], "tracks": [6, 2], "age": [1]}
    assert Reads.of({"inputs": shapes, "seq_input": "dna", "outputs": {}}) == READS
    types = {name: TensorType("f32", ("N", *shape)) for name, shape in shapes.items()}
    inputs = tuple(Value(name, type) for name, type in types.items())
    module = Module("flat", (Graph("main", inputs, (), ("age",)),), seq_input="dna")
    found = Reads.of_module(module)
    assert found == READS
    assert (found.length, found.channels, found.others) == (6, 4, ("tracks", "age"))


@pytest.mark.parametrize("text", ["dna.npy", "one.npz", "two.npz:dna", "x.h5:group/dna"])
def test_every_kind_of_file(text: str) -> None:
    assert is_array_file(text)
    assert path_of(text).is_file()
    made = ArraySource({"dna": open_array(text)}, READS)
    assert made.count == 5
    parts = list(made.batches(2, first=1))
    assert [part.names for part in parts] == [["1", "2"], ["3", "4"]]
    np.testing.assert_array_equal(np.concatenate([part.inputs["dna"] for part in parts]), DNA[1:])
    assert made.notes == ()
    assert made.chromosomes is None


def test_beside_letters(folder: Path) -> None:
    (folder / "x.fa").write_text("".join(f">r{i}\nACGTA{base}\n" for i, base in enumerate("ACGTN")))
    letters = FastaSource(folder / "x.fa", READS, "ACGT")
    made = ArraySource({"tracks": open_array("two.npz:tracks")}, READS, letters)
    (part,) = made.batches(3, first=3)
    assert part.names == ["r3", "r4"]
    assert list(part.inputs) == ["dna", "tracks"]
    np.testing.assert_array_equal(part.inputs["tracks"], TRACKS[3:])
    assert made.identity != letters.identity


def test_other_numbers_are_another_identity() -> None:
    np.save("other.npy", np.where(DNA == 1, 1, 0).astype(np.int8))
    same = {ArraySource({"dna": open_array(f)}, READS).identity for f in ("dna.npy", "other.npy")}
    assert len(same) == 1
    np.save("other.npy", DNA[::-1])
    assert ArraySource({"dna": open_array("other.npy")}, READS).identity not in same


def test_whether_rows_are_small_whole_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the file is read, in pieces or at once."""
    np.save("half.npy", np.where(np.arange(5)[:, None, None] == 4, DNA / 2, DNA))
    np.save("large.npy", DNA.astype(np.int64) * 300)
    for piece in (1, 1 << 20):
        monkeypatch.setattr("fastism.io.sources.arrays._PIECE", piece)
        whole = [
            ArraySource({"dna": open_array(file)}, READS).one_hot
            for file in ("dna.npy", "half.npy", "large.npy")
        ]
        assert whole == [True, False, False]
    (first,) = {
        ArraySource({"dna": open_array("dna.npy")}, READS).identity
        for piece in (1, 2, 1 << 20)
        for _ in [monkeypatch.setattr("fastism.io.sources.arrays._PIECE", piece)]
    }
    assert len(first) == 64


def test_axes_of_one_and_tokens() -> None:
    np.save("flat.npy", np.zeros(5))
    np.save("wide.npy", DNA[:, :, None])
    np.save("tokens.npy", DNA.argmax(-1))
    for name, file in (("age", "flat.npy"), ("dna", "wide.npy"), ("dna", "tokens.npy")):
        assert ArraySource({name: open_array(file)}, READS).count == 5


NAN = TRACKS.copy()
NAN[3, 2, 1] = np.nan


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            DNA.transpose(0, 2, 1),
            r"\(5, 4, 6\), and the input 'dna' reads \(N, 6, 4\)\n  try: it looks",
        ),
        (DNA[:, :5], r"a\.npy has the shape \(5, 5, 4\), and the input 'dna' reads \(N, 6, 4\)$"),
        (DNA[:0], r"a\.npy holds no sequence"),
        (np.float64(3), r"has the shape \(\)"),
        (np.full((5, 6, 4), "A"), "holds no numbers, but <U1"),
        (
            np.full((5, 6, 4), np.inf),
            r"holds inf in sequence 0\n  why: at \[0, 0\]; the model would",
        ),
    ],
)
def test_arrays_that_do_not_fit(array: np.ndarray, message: str) -> None:
    np.save("a.npy", array)
    with pytest.raises(InputError, match=message):
        ArraySource({"dna": open_array("a.npy")}, READS)


def test_a_nan_and_counts_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("a.npy", NAN)
    monkeypatch.setattr("fastism.io.sources.arrays._PIECE", 24)
    with pytest.raises(InputError, match=r"holds nan in sequence 3\n  why: at \[2, 1\]"):
        ArraySource({"tracks": open_array("a.npy")}, READS)
    np.save("a.npy", TRACKS[:3])
    with pytest.raises(
        InputError, match=r"different numbers of sequences\n  why: dna\.npy: 5, a\.npy"
    ):
        ArraySource({"dna": open_array("dna.npy"), "tracks": open_array("a.npy")}, READS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("none.npy", "there is no file of arrays none.npy"),
        ("x.txt", r"x\.txt is no file of arrays\n  why: they end in \.npy, \.npz"),
        ("dna.npy:dna", r"dna\.npy holds one array, without a name"),
        ("two.npz", r"two\.npz holds 2 arrays, and one is to be read\n  why: it has dna, tracks\n"),
        ("two.npz:trakcs", "has no array 'trakcs'\n  why: it has dna, tracks\n  try: did you mean"),
        ("x.h5:dna", r"x\.h5 has no array 'dna'\n  why: it has group/dna, text, tracks"),
        ("short.npy", r"short\.npy cannot be read as \.npy"),
        ("short.npz", r"short\.npz cannot be read as \.npz"),
        ("short.h5", r"short\.h5 cannot be read as \.h5"),
        ("object.npy", r"object\.npy cannot be read as \.npy\n  why: .*[Oo]bject"),
    ],
)
def test_files_that_cannot_be_read(folder: Path, text: str, message: str) -> None:
    for whole in ("dna.npy", "two.npz", "x.h5"):
        short = folder / f"short.{whole.partition('.')[2]}"
        short.write_bytes((folder / whole).read_bytes()[:100])
    np.save("object.npy", np.array([None, "x"], dtype=object))
    with pytest.raises(InputError, match=message):
        open_array(text)


def test_other_letters_beside_the_same_arrays_are_another_source(tmp_path: Path) -> None:
    made = set()
    for letter in "ACA":
        Path("x.fa").write_text("".join(f">{name}\nACGTA{letter}\n" for name in "abcde"))
        letters = FastaSource(Path("x.fa"), READS, "ACGT")
        made.add(ArraySource({"tracks": open_array("two.npz:tracks")}, READS, letters).identity)
    assert len(made) == 2
