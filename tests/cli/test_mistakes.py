"""What a user gets wrong in what ``run`` and ``variants`` read: told, and nothing left behind."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import fastism
from fastism.cli import main
from tests.genomes import letters, write_bed, write_genome, write_vcf

LENGTH = 20
GENOME = {"chr1": letters(300, 0), "chr2": letters(80, 1)}
WORDS = {
    "run": ("run", "PLAN", "-o", "s.h5"),
    "variants": ("variants", "PLAN", "-g", "g.fa", "-o", "s.tsv"),
}
"""What stands for the first word of a line of the table."""

MISTAKES = [
    # what is run, and how
    (
        "run",
        "fastism: no sequences are given\n  try: -s sequences.fa, or -r regions.bed -g genome.fa\n",
    ),
    (
        "run -s x.fa -r r.bed -g g.fa",
        "--sequences and --regions both say where the sequences come from",
    ),
    (
        "run -s x.fa --input dna=x.npy",
        "--sequences and --input dna both say where the sequences come",
    ),
    ("run -r r.bed", "--regions r.bed are of a genome, and none is given\n  try: -g genome.fa"),
    ("run -s x.fa -g g.fa", "--genome g.fa is given, and no regions of it\n  try: -r regions.bed"),
    ("run -s x.fa --on-mismatch pad", "--on-mismatch is for --regions, and none are given"),
    ("run -r r.bed -g g.fa --on-mismatch x", "'x' is not one of 'pad', 'skip', 'error'"),
    ("run -s none.fa", "there is no sequence file none.fa"),
    ("run -s short.fa", "the record 'a' has 4 letters, and the model reads 20"),
    ("run -s short.fa.gz", "short.fa.gz cannot be read"),
    ("run -s x.fa --alphabet ACGA", "'ACGA' is not an alphabet\n  why: a letter occurs twice"),
    (
        "run -s x.fa --alphabet ACGTN",
        "the model reads 4 channels, and the alphabet ACGTN has 5 letters",
    ),
    ("run -s protein.fa", "'E' at position 0 of record 'a' is not a letter of ACGT"),
    ("run -r none.bed -g g.fa", "there is no BED file none.bed"),
    ("run -r empty.bed -g g.fa", "empty.bed holds no region"),
    (
        "run -r reversed.bed -g g.fa",
        "line 2 of reversed.bed cannot be used\n  why: [90, 80) holds no",
    ),
    ("run -r other.bed -g g.fa", "the genome g.fa has no chromosome '1'\n  in line 1 of other.bed"),
    (
        "run -r past.bed -g g.fa",
        "line 1 of past.bed cannot be used\n  why: its window chr2:85-105 is",
    ),
    ("run -r r.bed -g none.fa", "there is no genome file none.fa"),
    ("run -r r.bed -g r.bed", "the genome r.bed is not a FASTA file\n  why: it begins without >"),
    ("run -r r.bed -g g.fa.gz", "the genome g.fa.gz is compressed by gzip"),
    ("run -s none.npy", "there is no file of arrays none.npy"),
    ("run -s nan.npy", "nan.npy holds nan in sequence 1\n  why: at [3, 2]"),
    ("run -s turned.npy", "reads (N, 20, 4)\n  try: it looks transposed, (N, C, L)"),
    ("run -s x.npy:dna", "x.npy holds one array, without a name"),
    ("run --input dna", "--input dna cannot be read\n  try: --input NAME=file.npy"),
    (
        "run --input dan=x.npy",
        "the model has no input 'dan'\n  why: its inputs: dna\n  try: did you",
    ),
    ("run --input dna=x.npy --input dna=x.npy", "--input names 'dna' twice"),
    ("run --input dna=x.fa", "x.fa is no file of arrays\n  why: they end in .npy"),
    # variants, and what they are scored in
    ("variants --vcf none.vcf", "there is no VCF file none.vcf"),
    (
        "variants --vcf text.vcf",
        "text.vcf is not a VCF file\n  why: it must begin with ##fileformat=VCFv4",
    ),
    ("variants --vcf headless.vcf", "headless.vcf is not a VCF file"),
    ("variants --vcf empty.vcf", "empty.vcf holds no variant\n"),
    ("variants --vcf v.vcf --only chr2", "v.vcf holds no variant that is wanted\n"),
    (
        "variants --vcf broken.vcf",
        "record 2 of broken.vcf cannot be read\n  why: it is cut off, or no rec",
    ),
    ("variants --vcf short.vcf.gz", "short.vcf.gz cannot be read\n  why: no BGZF EOF marker"),
    (
        "variants --vcf plain.vcf.gz",
        "plain.vcf.gz is compressed by gzip, and variants are read from blocks",
    ),
    ("variants --vcf v.vcf --only chr1:9-5", "--only chr1:9-5 names no stretch of a genome"),
    (
        "variants --vcf v.vcf --only chr1:5 -r w.bed",
        "--regions and --only both say which variants are want",
    ),
    ("variants --vcf v.vcf -r none.bed", "there is no BED file none.bed"),
    ("variants --vcf v.vcf -r empty.bed", "empty.bed holds no region"),
    ("variants --vcf v.vcf -r other.bed", "has no chromosome '1'\n  in line 1 of other.bed"),
    (
        "variants --vcf v.vcf --strands same",
        "--strands says what --rc does with outputs, and --rc is not",
    ),
    (
        "variants --vcf v.vcf --alphabet ACG",
        "the model reads 4 channels, and the alphabet ACG has 3 letters",
    ),
    (
        "variants --vcf v.vcf --rc --alphabet ACGM",
        "the letter A of the alphabet ACGM has no complement",
    ),
    ("variants --vcf v.vcf -o v.vcf", "v.vcf cannot be written\n  why: this command reads"),
    (
        "variants --vcf v.vcf -o s.h5",
        "s.h5 does not say what it is to be\n  try: a .tsv, .vcf or .vcf.gz",
    ),
    (
        "variants --vcf v.vcf -o taken.tsv",
        "taken.tsv exists already\n  try: another name, or --force",
    ),
    ("variants --vcf v.vcf -o ./s.tsv", "an output is named twice"),
    ("variants --vcf v.vcf -o no/s.tsv", "no/s.tsv cannot be written\n  why: there is no folder"),
]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan over letters alone, four sites of them."""
    path = tmp_path_factory.mktemp("plans") / "plain"
    dna = layers.Input((LENGTH, 4), name="dna")
    y = layers.Dense(1, name="y")(layers.Flatten()(layers.Conv1D(5, 3)(dna)))
    model = keras.Model(dna, y)
    fastism.compile(model, sites=slice(5, 9), backend="reference").save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every file that the table names, right or wrong."""
    monkeypatch.chdir(tmp_path)
    one = GENOME["chr1"]
    write_genome(tmp_path / "g.fa", GENOME)
    (tmp_path / "g.fa.gz").write_bytes(gzip.compress((tmp_path / "g.fa").read_bytes()))
    (tmp_path / "x.fa").write_text(f">a\n{one[:LENGTH]}\n>b\n{one[50:70]}\n")
    (tmp_path / "short.fa").write_text(">a\nACGT\n")
    whole = gzip.compress((f">a\n{letters(5000, 3)}\n").encode())
    (tmp_path / "short.fa.gz").write_bytes(whole[:500])
    (tmp_path / "protein.fa").write_text(f">a\n{'E' * LENGTH}\n")
    _write_beds(tmp_path)
    _write_arrays([one[:LENGTH], one[50:70]])
    _write_variants(tmp_path, one)
    (tmp_path / "taken.tsv").write_text("")
    return tmp_path


def _write_beds(folder: Path) -> None:
    write_bed(folder / "r.bed", [("chr1", 95, 105, "a"), ("chr2", 40, 60, "b", 0, "-")])
    (folder / "empty.bed").write_text("# chrom start end\n")
    (folder / "reversed.bed").write_text("chr1\t80\t90\nchr1\t90\t80\n")
    (folder / "other.bed").write_text("1\t80\t90\n")
    (folder / "past.bed").write_text("chr2\t90\t100\n")
    (folder / "w.bed").write_text("chr1\t100\t200\n")


def _write_arrays(sequences: list[str]) -> None:
    x: Any = fastism.one_hot(sequences)
    np.save("x.npy", x)
    np.save("turned.npy", x.transpose(0, 2, 1))
    x[1, 3, 2] = np.nan
    np.save("nan.npy", x)


def _write_variants(folder: Path, held: str) -> None:
    rows = [
        ("chr1", at, held[at - 1], "CGTA"["ACGT".index(held[at - 1])]) for at in range(100, 300, 5)
    ]
    text = write_vcf(folder / "v.vcf", rows).read_text()
    header = text.partition("chr1\t100")[0]
    (folder / "text.vcf").write_text("hello\n")
    (folder / "headless.vcf").write_text(text.removeprefix(header))
    (folder / "empty.vcf").write_text(header)
    (folder / "broken.vcf").write_text(text.partition("chr1\t105")[0] + "chr1\tx\t.\tA\n")
    packed = write_vcf(folder / "i.vcf.gz", [row for row in rows for _ in range(50)])
    (folder / "short.vcf.gz").write_bytes(packed.read_bytes()[:-30])
    (folder / "plain.vcf.gz").write_bytes(gzip.compress(text.encode()))


@pytest.mark.parametrize(("line", "message"), MISTAKES, ids=[line for line, _ in MISTAKES])
def test_a_mistake_leaves_nothing_behind(
    line: str, message: str, plan: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *options = line.split()
    words = [str(plan) if word == "PLAN" else word for word in WORDS[verb]]
    before = {path.name for path in folder.iterdir()}
    assert main(["--quiet", *words, *options]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert {path.name for path in folder.iterdir()} - {"g.fa.fai"} == before
