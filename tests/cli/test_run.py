"""``fastism run``: what it says before it begins, what its files say, and runs that are killed."""

from __future__ import annotations

import json
import re
import shutil
from collections import namedtuple
from pathlib import Path

import h5py
import numpy as np
import pyBigWig
import pytest

from fastism import data
from fastism.cli import main
from fastism.io.fasta import read_fasta
from fastism.io.regions import Region
from fastism.io.scores import read_scores
from tests.genomes import complement, write_bed, write_genome

MODEL = data.path("demo.h5")
SITES = range(90, 98)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model compiled for a few sites, and checked."""
    path = tmp_path_factory.mktemp("compiled") / "plan"
    line = ["compile", str(MODEL), "-o", str(path), "--sites", "90:98", "--tune", "off"]
    assert main(["--quiet", *line]) == 0
    return path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three sequences."""
    monkeypatch.chdir(tmp_path)
    records = list(read_fasta(data.path("demo.fa")))[:3]
    (tmp_path / "x.fa").write_text("".join(f">{r.name}\n{r.sequence}\n" for r in records))
    return tmp_path


def test_a_dry_run_says_what_there_is_to_do_and_does_nothing(
    plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5", "-o", "t.tsv.gz", "--dry-run"]
    assert main([*line, "--compression", "gzip"]) == 0
    out, err = capsys.readouterr()
    said = out.splitlines()
    assert said[0] == "reads     3 sequences of 200 positions"
    assert said[1] == ("computes  96 mutants: 8 sites of every sequence, 4 alternatives at each")
    assert said[2] == "writes    s.h5, h5, about 3.0 kB before compression"
    assert said[3] == "writes    t.tsv.gz, tsv, about 5.0 kB before compression"
    assert re.fullmatch(r" +and until it ends [\d.]+ kB beside s\.h5", said[4])
    assert re.fullmatch(
        r"takes     (about [\d.]+ s|less than a second), by 3 sequences that were timed", said[5]
    )
    assert re.match(r"device: (CPU, \d+ threads|.*)\n", err)
    assert [path.name for path in folder.iterdir()] == ["x.fa"]


def test_files_say_how_near_to_the_model_they_are(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the check when the plan was compiled; by the run itself with --model."""
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5"]
    assert main(line) == 0
    attributes = read_scores("s.h5").attributes
    assert attributes["checked"] == (
        "32 mutants of random sequences, when the plan was compiled, at 8 sites, against the "
        "model's own predictions"
    )
    assert 0 < attributes["checked_largest_difference"] < 1e-5
    capsys.readouterr()
    assert main([*line, "-o", "x.tsv", "--force", "-m", str(MODEL)]) == 0
    assert re.search(
        r"agrees with the model: 96 mutants of 3 sequences at 8 of 8 sites, largest difference "
        r"\d\.\de-\d\d of the output's scale\n",
        capsys.readouterr().err,
    )
    attributes = read_scores("s.h5").attributes
    assert attributes["checked"] == (
        "96 mutants of this run, at 8 sites, against the model's own predictions"
    )
    assert 0 < attributes["checked_largest_difference"] < 1e-5
    manifest = json.loads((plan / "manifest.json").read_text())
    assert manifest["plan"]["checked"]["items"] == 32


def test_scores_that_are_not_the_models_are_kept_back(
    plan: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from fastism.runtime.plan import Plan
    from fastism.runtime.scores import HeadScores, Scores

    score = Plan.__call__

    def wrong(self: Plan, *arguments: object, **options: object) -> Scores:
        found = score(self, *arguments, **options)  # type: ignore[arg-type]
        (name,) = found
        return Scores({name: HeadScores(found[name].reference, found[name].alternate * 1.001)})

    monkeypatch.setattr(Plan, "__call__", wrong)
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5", "-m", str(MODEL)]
    assert main(line) == 2
    err = capsys.readouterr().err
    assert "fastism: the scores of this run are not the model's: " in err
    assert "1.0e-03 of its scale, and 1e-05 is rounding" in err
    assert sorted(path.name for path in folder.iterdir()) == ["s.h5.partial", "x.fa"]


def test_a_model_that_the_plan_is_not_of(
    plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.h5").write_bytes(MODEL.read_bytes() + b" ")
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5", "-m"]
    assert main([*line, "other.h5"]) == 2
    assert f"fastism: {plan} was not compiled from other.h5\n" in capsys.readouterr().err
    assert main([*line, "none.h5"]) == 2
    assert "fastism: the model none.h5 does not exist\n" in capsys.readouterr().err
    assert not list(folder.glob("s.h5*"))


def test_no_room_is_said_before_anything_is_computed(
    plan: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(3000))
    assert main(["--quiet", "run", str(plan), "-s", "x.fa", "-o", "s.h5"]) == 2
    assert capsys.readouterr().err == (
        "fastism: there is no room for s.h5\n"
        f"  why: 5.8 kB are written, and 3.0 kB are free in {folder}\n"
        "  try: a folder on another disk, fewer outputs, or --compression gzip\n"
    )
    assert [path.name for path in folder.iterdir()] == ["x.fa"]


def test_sequences_that_are_not_one_hot_are_kept_as_they_are(plan: Path) -> None:
    x = np.random.default_rng(0).dirichlet(np.ones(4), (2, 200)).astype(np.float32)
    np.save("x.npy", x)
    assert main(["--quiet", "run", str(plan), "-s", "x.npy", "-o", "s.h5"]) == 0
    with h5py.File("s.h5") as file:
        assert file["sequences"].dtype == np.float32
        np.testing.assert_array_equal(file["sequences"][:], x)
    np.save("whole.npy", np.eye(4, dtype=np.float64)[np.zeros((2, 200), int)])
    assert main(["--quiet", "run", str(plan), "-s", "whole.npy", "-o", "w.h5"]) == 0
    assert read_scores("w.h5").sequences.dtype == np.int8


def test_from_peaks_to_a_track_and_to_motifs(plan: Path, folder: Path) -> None:
    """Regions of a genome in; the bigWig and the folder for TF-MoDISco say what the h5 does."""
    first, second, third = (r.sequence for r in read_fasta(folder / "x.fa"))
    genome = {"chr1": first + second, "chr2": complement(third)}
    write_genome(folder / "g.fa", genome)
    rows = [("chr1", 90, 110, "a", 0, "+"), ("chr2", 50, 150, "b", 0, "-"), ("chr1", 290, 310)]
    write_bed(folder / "p.bed", [rows[0], rows[1], (*rows[2], "c", 0, "+")])
    line = ["--quiet", "run", str(plan), "-g", "g.fa", "-r", "p.bed"]
    outputs = ["s.h5", "t.bw", "m.modisco", "x.counts_scores.h5", "x.profile_scores.h5"]
    assert main([*line, *(word for name in outputs for word in ("-o", name))]) == 0
    scores = read_scores("s.h5")
    assert scores.regions == [
        *(Region("chr1", 0, 200, "+"), Region("chr2", 0, 200, "-"), Region("chr1", 200, 400, "+")),
    ]
    (output,) = scores.alternate
    delta = scores.delta(output)[..., 0]
    centered = delta - delta.mean(axis=2, keepdims=True)
    window = scores.sequences[:, SITES.start : SITES.stop]
    contribution = (centered * window).sum(axis=2)
    with pyBigWig.open("t.bw") as track:
        assert track.chroms() == {"chr1": 400, "chr2": 200}
        np.testing.assert_allclose(track.values("chr1", 90, 98), contribution[0], rtol=1e-6)
        np.testing.assert_allclose(track.values("chr2", 102, 110), contribution[1][::-1], rtol=1e-6)
        np.testing.assert_allclose(track.values("chr1", 290, 298), contribution[2], rtol=1e-6)
        assert track.intervals("chr1", 98, 290) is None
    assert main(["--quiet", "run", str(plan), "-s", "x.fa", "-o", "plain.h5"]) == 0
    same = read_scores("plain.h5").alternate[output]
    np.testing.assert_allclose(same[[0, 2, 1]], scores.alternate[output], rtol=1e-6)
    hypothetical = np.load("m.modisco/shap.npz")["arr_0"]
    np.testing.assert_allclose(hypothetical, centered.transpose(0, 2, 1), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(np.load("m.modisco/ohe.npz")["arr_0"], window.transpose(0, 2, 1))
    both = [folder / f"x.{kind}_scores.h5" for kind in ("counts", "profile")]
    assert both[0].read_bytes() == both[1].read_bytes()
    assert (folder / "x.interpreted_regions.bed").read_text().splitlines() == [
        "chr1\t0\t200\ta\t0\t+\t0\t-1\t-1\t100",
        "chr2\t0\t200\tb\t0\t-\t0\t-1\t-1\t100",
        "chr1\t200\t400\tc\t0\t+\t0\t-1\t-1\t100",
    ]


def test_a_run_that_is_whole_is_not_begun_again(
    plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a job which is put in the queue again may say --resume."""
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5", "-o", "t.tsv"]
    assert main([*line, "--resume"]) == 0
    written = (folder / "s.h5").stat().st_mtime_ns
    capsys.readouterr()
    assert main([*line, "--resume"]) == 0
    assert "whole already: s.h5, t.tsv\n" in capsys.readouterr().err
    assert main([*line, "--resume", "-bs", "1"]) == 2
    assert "fastism: s.h5 exists already\n" in capsys.readouterr().err
    assert (folder / "s.h5").stat().st_mtime_ns == written
    assert not list(folder.glob("*.partial"))


def test_the_outputs_may_be_others_when_a_run_goes_on(
    plan: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is kept are predictions: a score that cannot be had is given up for another."""
    line = ["--quiet", "run", str(plan), "-s", "x.fa", "-o", "t.tsv", "--score"]
    with monkeypatch.context() as negative:
        negative.setattr("numpy.log2", lambda values: 1 / 0)
        assert main([*line, "logfc"]) == 3
    assert "broke down: ZeroDivisionError" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["t.tsv.partial", "x.fa"]
    assert main([*line, "delta", "-o", "s.h5", "--resume"]) == 2
    assert "--score says nothing of a scores file" in capsys.readouterr().err
    assert main([*line, "delta", "-o", "s.bpnet.h5", "--resume"]) == 0
    assert sorted(path.name for path in folder.iterdir() if "args" not in path.name) == [
        *("s.bpnet.h5", "t.tsv", "x.fa"),
    ]
