"""``fastism convert``: a finished run in the formats of the field; needs no TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from fastism.cli import main
from fastism.io.writers.base import Options
from tests.io.writers.small import CHROMOSOMES, HEADER, ONE_HOT, centered, without_regions, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a scores file, and the sizes of its chromosomes."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "h5", Options(), name="s.h5")
    sizes = "".join(f"{chrom}\t{length}\n" for chrom, length in CHROMOSOMES.items())
    (tmp_path / "sizes").write_text(sizes)
    return tmp_path


def test_to_several_formats_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["convert", "s.h5", "-o", "x.bw", "-o", "x.modisco", "--target", "1", "-c", "sizes"]
    assert main(line) == 0
    assert capsys.readouterr().err == "wrote x.bw, x.modisco: 4 sequences\n"
    contribution = (centered() * ONE_HOT[:, 1:4]).sum(axis=2)
    with pyBigWig.open("x.bw") as track:
        np.testing.assert_allclose(track.values("chr1", 41, 44), contribution[3], rtol=1e-6)
    scores = np.load("x.modisco/shap.npz")["arr_0"]
    np.testing.assert_allclose(scores, centered().transpose(0, 2, 1), rtol=1e-6)
    asked = json.loads((folder / "x.bw.args.json").read_text())["arguments"]
    assert asked["scores"] == "s.h5"
    assert asked["target"] == ["1"]
    assert asked["run"] == {"sequences": "x.fa"}
    assert not list(folder.glob("*.partial"))


def test_the_same_file_again_but_for_what_was_asked(folder: Path) -> None:
    from fastism.io.scores import read_scores

    assert main(["--quiet", "convert", "s.h5", "-o", "again.h5"]) == 0
    before, after = read_scores("s.h5"), read_scores("again.h5")
    np.testing.assert_array_equal(before.alternate["head"], after.alternate["head"])
    assert (before.names, before.regions) == (after.names, after.regions)
    del before.attributes["arguments"], after.attributes["arguments"]
    assert before.attributes == after.attributes


def test_it_needs_no_tensorflow() -> None:
    code = (
        "import sys; from fastism.cli import main; code = main(sys.argv[1:]);"
        "sys.exit(code or 'tensorflow' in sys.modules)"
    )
    line = [sys.executable, "-c", code, "convert", "s.h5", "-o", "x.tsv"]
    subprocess.run(line, check=True, capture_output=True)
    assert len(Path("x.tsv").read_text().splitlines()) == 38


BAD = [
    ("no.h5 -o x.tsv", "there is no scores file no.h5"),
    (
        "sizes -o x.tsv",
        "sizes is not a scores file\n  why: Unable to synchronously open file (file signature "
        "not found)",
    ),
    (
        "s.h5 -o x.txt",
        "the name x.txt does not say in which format scores are to be written\n  why: ",
    ),
    (
        "s.h5 -o x.tsv --format bigwigs",
        "there is no format 'bigwigs'\n  why: the formats are h5, modisco, chrombpnet, bpnet, "
        "basenji, bigwig, zarr, tsv\n  try: did you mean 'bigwig'?",
    ),
    (
        "s.h5 -o x.tsv --score deltas",
        "there is no score 'deltas'\n  why: the scores are raw, delta, centered, centered-alt, "
        "hypothetical, contribution, logfc, l2\n  try: did you mean delta?",
    ),
    (
        "s.h5 -o x.tsv --target first",
        "--target first is no index\n  try: an index from 0 for each axis, as 3 or 500,0",
    ),
    (
        "s.h5 -o x.tsv --outputs tail",
        "the model has no output 'tail'\n  why: its outputs: head",
    ),
    (
        "s.h5 -o s.h5 --force",
        "s.h5 cannot be written\n  why: this command reads {folder}/s.h5\n  try: another name "
        "for the output",
    ),
    (
        "s.h5 -o sizes:x --target 0 -o tsv:sizes -c sizes",
        "sizes cannot be written\n  why: this command reads {folder}/sizes\n  try: another name "
        "for the output",
    ),
    ("s.h5 -o tsv:s.modisco", "s.modisco exists already\n  try: another name, or --force to"),
    (
        "s.h5 -o x.tsv -o tsv:x.tsv",
        "two outputs are to be written at {folder}/x.tsv\n  try: a name",
    ),
    (
        "s.h5 -o modisco:m -o m/ohe.npz --format tsv --target 0",
        "two outputs are to be written at {folder}/m/ohe.npz\n  try: a name for each",
    ),
    (
        "s.h5 -o no/x.tsv",
        "no/x.tsv cannot be written\n  why: there is no folder {folder}/no\n"
        "  try: mkdir -p {folder}/no",
    ),
    ("s.h5 -o tsv:d", "d is a folder, and a file is to be written there"),
    ("s.h5 -o zarr:d", "d exists already, and is no zarr store\n  try: another name"),
    ("s.h5 -o x.bw --target 0", "a bigWig needs the lengths of the chromosomes\n  try: -c"),
    ("s.h5 -o x.bw --target 0 -c no", "there is no file of chromosome sizes no"),
    (
        "s.h5 -o x.bw --target 0 -c short",
        "chr1, where the region chr1:10-15 lies, is not among the chromosomes whose lengths are "
        "given\n  try: -c with the chromosome sizes of this genome",
    ),
    (
        "plain.h5 -o x.bw --target 0 -c sizes",
        "a bigWig lies along a genome, and these sequences come from no regions of one\n"
        "  try: -g genome.fa -r regions.bed in place of -s",
    ),
    ("s.h5 -o x.bw -c sizes", "bigwig holds one number a score, and the output head gives 2\n"),
    (
        "s.h5 -o x.tsv --score logfc",
        "logfc takes logarithms, and 23 predictions are zero or negative\n"
        "  try: delta, for outputs of either sign or that are logarithms already",
    ),
]


@pytest.mark.parametrize(("words", "message"), BAD, ids=[words for words, _ in BAD])
def test_mistakes_are_said_and_leave_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    (folder / "s.modisco").write_text("")
    (folder / "short").write_text("chr2\t20\n")
    (folder / "d").mkdir()
    write(folder, "h5", Options(), name="plain.h5", **without_regions())
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert main(["convert", *words.split()]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"fastism: {message.format(folder=folder)}")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_no_room_is_said_before_anything_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(1500))
    assert main(["convert", "s.h5", "-o", "x.h5", "-o", "x.tsv"]) == 2
    assert capsys.readouterr().err == (
        "fastism: there is no room for x.h5, x.tsv\n"
        f"  why: 3.8 kB are written, and 1.5 kB are free in {folder}\n"
        "  try: a folder on another disk, fewer outputs, or --compression gzip\n"
    )
    assert main(["--quiet", "convert", "s.h5", "-o", "x.h5", "--compression", "gzip"]) == 0


@pytest.mark.parametrize("packages", ["pyBigWig", "zarr"])
def test_a_part_that_is_not_installed(
    packages: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    what, extra, name = {
        "pyBigWig": ("a bigWig", "genomics", "x.bw"),
        "zarr": ("a zarr store", "zarr", "x.zarr"),
    }[packages]
    target = ["--target", "0", "-c", "sizes"] if name == "x.bw" else []
    assert main(["convert", "s.h5", "-o", name, *target]) == 2
    assert capsys.readouterr().err == (
        f"fastism: {what} needs {packages}, not installed here\n"
        f"  try: pip install 'fastism[{extra}]'\n"
    )


def test_an_alphabet_that_a_format_does_not_hold(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, "h5", Options(), name="odd.h5", header=replace(HEADER, alphabet="WXYZ"))
    assert main(["convert", "odd.h5", "-o", "x.modisco", "--target", "0"]) == 2
    assert "modisco holds scores of A, C, G and T, and the alphabet is WXYZ" in (
        capsys.readouterr().err
    )
