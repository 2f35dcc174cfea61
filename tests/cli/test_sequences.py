"""Where a run's sequences come from: regions, arrays, several inputs; and what is wrong of them."""

from __future__ import annotations

import gzip
import shlex
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import fastism
from fastism.cli import main
from fastism.io.scores import read_scores
from tests.genomes import complement, letters, write_bed, write_genome

LENGTH = 20
GENOME = {"chr1": letters(300, 0), "chr2": letters(80, 1)}


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``plain``, over letters alone, and ``two``, which reads tracks as well."""
    folder = tmp_path_factory.mktemp("plans")
    keras.utils.set_random_seed(1)
    dna, tracks = layers.Input((LENGTH, 4), name="dna"), layers.Input((LENGTH, 2), name="tracks")
    inner = layers.Conv1D(5, 3, activation="relu")(dna)
    beside = layers.Conv1D(5, 3, activation="relu")(tracks)
    two = layers.Dense(1, name="y")(layers.Flatten()(layers.Add()([inner, beside])))
    plain = layers.Dense(1, name="y")(layers.Flatten()(inner))
    keras.Model(dna, plain).save(folder / "plain.keras")
    keras.Model([dna, tracks], two).save(folder / "two.keras")
    for name in ("plain", "two"):
        fastism.compile(folder / f"{name}.keras", sites=slice(5, 9)).save(folder / name)
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_genome(tmp_path / "g.fa", GENOME)
    write_bed(tmp_path / "r.bed", [("chr1", 95, 105, "a"), ("chr2", 40, 60, "b", 0, "-")])
    sequences = [GENOME["chr1"][90:110], complement(GENOME["chr2"][40:60])]
    (tmp_path / "x.fa").write_text(
        "".join(f">{n}\n{s}\n" for n, s in zip("ab", sequences, strict=True))
    )
    np.save("x.npy", fastism.one_hot(sequences))
    np.save("tracks.npy", np.random.default_rng(0).normal(size=(2, LENGTH, 2)))
    return tmp_path


def test_regions_arrays_and_letters_are_the_same_sequences(plans: Path) -> None:
    roads = ["-s x.fa", "-r r.bed -g g.fa", "-s x.npy", "--input dna=x.npy"]
    found = []
    for index, road in enumerate(roads):
        line = f"--quiet run {plans}/plain {road} -o {index}.h5"
        assert main(line.split()) == 0
        found.append(read_scores(f"{index}.h5"))
    for scores in found[1:]:
        np.testing.assert_array_equal(scores.alternate["y"], found[0].alternate["y"])
        np.testing.assert_array_equal(scores.sequences, found[0].sequences)
    assert [scores.names for scores in found] == [["a", "b"]] * 2 + [["0", "1"]] * 2


@pytest.mark.parametrize("road", ["-s x.fa", "-r r.bed -g g.fa", "-s x.npy"])
def test_a_model_of_several_inputs(plans: Path, road: str) -> None:
    assert main(f"--quiet run {plans}/two {road} --input tracks=tracks.npy -o s.h5".split()) == 0
    model = keras.models.load_model(plans / "two.keras")
    expected = model.predict([np.load("x.npy"), np.load("tracks.npy")], verbose=0)
    np.testing.assert_allclose(read_scores("s.h5").reference["y"], expected, atol=1e-6)


def test_what_compile_advises_is_taken(
    plans: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "x.fa").rename("sequences.fa")
    assert main(f"compile {plans}/two.keras -o p --tune off".split()) == 0
    advice = capsys.readouterr().err.partition("(next: fastism ")[2].partition(")")[0]
    assert advice == "run p -s sequences.fa --input tracks=tracks.npy -o scores.h5"
    assert main(["--quiet", *shlex.split(advice)]) == 0
    line = f"verify p -m {plans}/two.keras -s sequences.fa --input tracks=tracks.npy"
    assert main(line.split()) == 0
    assert "on 2 sequences of sequences.fa: " in capsys.readouterr().out


def test_what_is_to_be_known_is_said_once(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("two_hot.npy", np.repeat(np.load("x.npy"), 2, axis=0) * 2)
    assert main(f"run {plans}/plain -s two_hot.npy -o s.h5 -bs 1".split()) == 0
    err = capsys.readouterr().err
    assert err.count("rows of the sequences are not one-hot") == 1
    write_bed(Path("edge.bed"), [("chr1", 0, 6, "a"), ("chr3", 0, 6, "b"), ("chr1", 50, 60, "c")])
    assert main(f"run {plans}/plain -r edge.bed -g g.fa --on-mismatch skip -o e.h5".split()) == 0
    err = capsys.readouterr().err
    assert "2 regions were left out (--on-mismatch skip): a, b\n" in err
    assert read_scores("e.h5").names == ["c"]


MISTAKES = [
    (
        "",
        "fastism: no sequences are given\n  try: -s sequences.fa, or -r regions.bed -g genome.fa\n",
    ),
    (
        "-s x.fa -r r.bed -g g.fa",
        "--sequences and --regions both say where the sequences come from",
    ),
    ("-s x.fa --input dna=x.npy", "--sequences and --input dna both say where the sequences come"),
    ("-r r.bed", "--regions r.bed are of a genome, and none is given\n  try: -g genome.fa"),
    ("-s x.fa -g g.fa", "--genome g.fa is given, and no regions of it\n  try: -r regions.bed"),
    ("-s x.fa --on-mismatch pad", "--on-mismatch is for --regions, and none are given"),
    ("-r r.bed -g g.fa --on-mismatch x", "'x' is not one of 'pad', 'skip', 'error'"),
    ("-s none.fa", "there is no sequence file none.fa"),
    ("-s short.fa", "the record 'a' has 4 letters, and the model reads 20"),
    ("-s short.fa.gz", "short.fa.gz cannot be read"),
    ("-s x.fa --alphabet ACGA", "'ACGA' is not an alphabet\n  why: a letter occurs twice"),
    (
        "-s x.fa --alphabet ACGTN",
        "the model reads 4 channels, and the alphabet ACGTN has 5 letters",
    ),
    ("-s protein.fa", "'E' at position 0 of record 'a' is not a letter of ACGT"),
    ("-r none.bed -g g.fa", "there is no BED file none.bed"),
    ("-r empty.bed -g g.fa", "empty.bed holds no region"),
    ("-r reversed.bed -g g.fa", "line 2 of reversed.bed cannot be used\n  why: [90, 80) holds no"),
    ("-r other.bed -g g.fa", "the genome g.fa has no chromosome '1'\n  in line 1 of other.bed"),
    ("-r past.bed -g g.fa", "line 1 of past.bed cannot be used\n  why: its window chr2:85-105 is"),
    ("-r r.bed -g none.fa", "there is no genome file none.fa"),
    ("-r r.bed -g r.bed", "the genome r.bed is not a FASTA file\n  why: it begins without >"),
    ("-r r.bed -g g.fa.gz", "the genome g.fa.gz is compressed by gzip"),
    ("-s none.npy", "there is no file of arrays none.npy"),
    ("-s nan.npy", "nan.npy holds nan in sequence 1\n  why: at [3, 2]"),
    ("-s turned.npy", "reads (N, 20, 4)\n  try: it looks transposed, (N, C, L)"),
    ("-s x.npy:dna", "x.npy holds one array, without a name"),
    ("--input dna", "--input dna cannot be read\n  try: --input NAME=file.npy"),
    ("--input dan=x.npy", "the model has no input 'dan'\n  why: its inputs: dna\n  try: did you"),
    ("--input dna=x.npy --input dna=x.npy", "--input names 'dna' twice"),
    ("--input dna=x.fa", "x.fa is no file of arrays\n  why: they end in .npy"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake_leaves_nothing_behind(
    options: str, message: str, plans: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "short.fa").write_text(">a\nACGT\n")
    whole = gzip.compress((f">a\n{letters(5000, 3)}\n").encode())
    (folder / "short.fa.gz").write_bytes(whole[:500])
    (folder / "protein.fa").write_text(f">a\n{'E' * LENGTH}\n")
    (folder / "empty.bed").write_text("# chrom start end\n")
    (folder / "reversed.bed").write_text("chr1\t80\t90\nchr1\t90\t80\n")
    (folder / "other.bed").write_text("1\t80\t90\n")
    (folder / "past.bed").write_text("chr2\t90\t100\n")
    (folder / "g.fa.gz").write_bytes(gzip.compress((folder / "g.fa").read_bytes()))
    x: Any = np.load("x.npy")
    np.save("turned.npy", x.transpose(0, 2, 1))
    x[1, 3, 2] = np.nan
    np.save("nan.npy", x)
    before = {path.name for path in folder.iterdir()}
    assert main(["--quiet", "run", str(plans / "plain"), *options.split(), "-o", "s.h5"]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert {path.name for path in folder.iterdir()} - {"g.fa.fai"} == before


def test_an_input_that_is_missing(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(f"run {plans}/two -s x.fa -o s.h5".split()) == 2
    assert capsys.readouterr().err == (
        "fastism: the model reads 2 inputs, and a FASTA file gives one\n"
        "  why: its inputs: dna, tracks\n  try: --input tracks=tracks.npy\n"
    )
    np.save("tracks.npy", np.zeros((3, LENGTH, 2)))
    assert main(f"run {plans}/two -s x.fa --input tracks=tracks.npy -o s.h5".split()) == 2
    assert "the sequences: 2, tracks.npy: 3\n" in capsys.readouterr().err


def test_a_package_that_is_missing(
    plans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(f"run {plans}/plain -r r.bed -g g.fa -o s.h5".split()) == 2
    assert capsys.readouterr().err == (
        "fastism: reading a genome needs pysam, not installed here\n"
        "  try: pip install 'fastism[genomics]'\n"
    )
