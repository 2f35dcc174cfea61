"""Where a run's sequences come from: regions, arrays, several inputs."""

from __future__ import annotations

import shlex
from pathlib import Path

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
