"""The variants of a VCF file: the model's own numbers, and a word where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pysam
import pytest
from keras import layers

import fastism
import fastism.variants.answers
from fastism.cli import main
from tests.genomes import complement, letters, write_bed, write_genome, write_vcf

LENGTH = 60
GENOME = {"chr1": letters(900, 0), "chr2": letters(120, 1).lower()}
ONE = GENOME["chr1"]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``plain``, with one number and a track, and ``two``, which reads a number besides."""
    folder = tmp_path_factory.mktemp("plans")
    keras.utils.set_random_seed(2)
    dna, age = layers.Input((LENGTH, 4), name="dna"), layers.Input((1,), name="age")
    x = layers.Conv1D(6, 5, activation="relu", padding="same")(dna)
    track = layers.Conv1D(1, 3, padding="same", name="track")(layers.MaxPooling1D(10)(x))
    y = layers.Dense(1, name="y")(layers.Flatten()(x))
    keras.Model(dna, [y, track]).save(folder / "plain.keras")
    keras.Model([dna, age], layers.Add(name="z")([y, age])).save(folder / "two.keras")
    for name in ("plain", "two"):
        fastism.compile(folder / f"{name}.keras").save(folder / name)
    return folder


@pytest.fixture(scope="module")
def model(plans: Path) -> Any:
    return keras.models.load_model(plans / "plain.keras")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_genome(tmp_path / "g.fa", GENOME)
    return tmp_path


def changed(position: int, width: int, seed: int = 0) -> str:
    """Letters that differ from the first chromosome's at both ends, from a position from 1 on."""
    held = ONE[position - 1 : position - 1 + width]
    new = list(letters(width, seed + position))
    for at in (0, -1):
        new[at] = "CGTA"["ACGT".index(held[at])]
    return "".join(new)


def held(position: int, width: int = 1) -> str:
    return ONE[position - 1 : position - 1 + width]


SUBSTITUTIONS = [("chr1", p, held(p), changed(p, 1)) for p in range(100, 300, 5)]
WIDER = [
    ("chr1", p, held(p, w), changed(p, w)) for p, w in ((310, 2), (333, 3), (340, 12), (355, 20))
]
MOVED = [
    ("chr1", 400, held(400), held(400) + "ACGTTT"),
    ("chr1", 410, held(410, 9), held(410)),
    ("chr1", 420, held(420, 3), "GGGGG"),
    ("chr2", 60, GENOME["chr2"][59:61].upper(), "t"),
]
EDGES = [("chr1", 5, held(5), changed(5, 1)), ("chr1", 898, held(898, 2), held(898))]


def windows(position: int, chrom: str, ref: str, alt: str) -> tuple[str, str]:
    """A variant's window without it and with it, by the definition."""
    padded = "N" * LENGTH + GENOME[chrom].upper() + "N" * 2 * LENGTH
    at = position - 1 + LENGTH
    start = at - LENGTH // 2
    mutant = padded[:at] + alt.upper() + padded[at + len(ref) :]
    return padded[start : start + LENGTH], mutant[start : start + LENGTH]


def expected(model: Any, rows: list[tuple[str, int, str, str]], rc: bool = False) -> np.ndarray:
    """The numbers of every row, without it and with it, (rows, 2, numbers)."""
    both = [text for chrom, pos, ref, alt in rows for text in windows(pos, chrom, ref, alt)]
    y, track = model.predict(fastism.one_hot(both), verbose=0)
    if rc:
        y2, track2 = model.predict(fastism.one_hot([complement(text) for text in both]), verbose=0)
        y, track = (y + y2) / 2, (track + track2[:, ::-1]) / 2
    return np.concatenate([y, track[..., 0]], axis=1).reshape(len(rows), 2, -1)


def table(path: str) -> tuple[list[str], list[list[str]]]:
    first, *lines = Path(path).read_text().splitlines()
    return first.split("\t"), [line.split("\t") for line in lines]


@pytest.mark.parametrize("rc", [False, True])
def test_the_models_own_numbers(
    plans: Path, model: Any, rc: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = SUBSTITUTIONS + WIDER + MOVED + EDGES
    write_vcf(Path("v.vcf"), rows)
    line = f"variants {plans}/plain -g g.fa --vcf v.vcf -o v.tsv{' --rc' if rc else ''}"
    assert main(line.split()) == 0
    names, lines = table("v.tsv")
    assert names[:11] == [
        *("chr", "pos", "ref", "alt", "id", "ref:y", "alt:y", "delta:y"),
        *("ref:track.0.0", "alt:track.0.0", "delta:track.0.0"),
    ]
    assert names[-2:] == ["window", "flag"]
    assert [tuple(line[:4]) for line in lines] == [(c, str(p), r, a) for c, p, r, a in rows]
    found = np.array([line[5:-2] for line in lines], float).reshape(len(rows), -1, 3)
    wanted = expected(model, rows, rc)
    np.testing.assert_allclose(found[..., 0], wanted[:, 0], atol=1e-5)
    np.testing.assert_allclose(found[..., 1], wanted[:, 1], atol=1e-5)
    np.testing.assert_allclose(found[..., 2], wanted[:, 1] - wanted[:, 0], atol=2e-5)
    assert np.abs(found[..., 2]).max(axis=1).min() > 1e-3
    assert [line[-1] for line in lines] == ["ok"] * (len(rows) - 2) + ["padded"] * 2
    assert lines[0][-2] == "chr1:69-129"
    count = len(rows)
    assert capsys.readouterr().err.splitlines() == [
        f"wrote v.tsv: {count} of {count} variants scored",
        "  2 padded: scored in a window that reaches past the chromosome, with N there",
    ]
    record = json.loads(Path("v.tsv.args.json").read_text())
    assert record["arguments"]["rc"] is rc
    assert record["arguments"]["vcf"] == "v.vcf"


FLAGGED = [
    (("chr1", 100, held(101) if held(101) != held(100) else "N", "A"), "ref_mismatch"),
    (("chr1", 100, held(100), "<DEL>"), "symbolic"),
    (("chr1", 100, held(100), "*"), "symbolic"),
    (("chr1", 100, held(100), f"{held(100)}[chr2:5["), "symbolic"),
    (("chr1", 100, held(100), "."), "no_alternate"),
    (("chr1", 100, held(100), "N"), "ambiguous"),
    (("chr3", 100, "A", "C"), "unknown_chromosome"),
    (("chr1", 901, "A", "C"), "past_edge"),
    (("chr1", 899, ONE[898:] + "A", "C"), "past_edge"),
    (("chr1", 200, held(200), "A" * 40), "past_window"),
    (("chr1", 200, held(200, 40), held(200)), "past_window"),
    (("chr1", 300, held(300), changed(300, 1)), "ok"),
]


def test_what_cannot_be_scored_is_flagged(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_vcf(Path("v.vcf"), [row for row, _ in FLAGGED])
    assert main(f"variants {plans}/plain -g g.fa --vcf v.vcf -o v.tsv -o v.vcf.gz".split()) == 0
    _, lines = table("v.tsv")
    assert [line[-1] for line in lines] == [flag for _, flag in FLAGGED]
    for line in lines[:-1]:
        assert set(line[5:-2]) == {"NA"}
    assert "NA" not in lines[-1]
    err = capsys.readouterr().err
    assert "wrote v.tsv, v.vcf.gz: 1 of 12 variants scored" in err
    assert "  3 symbolic: the allele is a symbol, a break end or *, and no letters\n" in err
    assert "  1 ref_mismatch: REF is not what the genome holds\n" in err
    records = list(pysam.VariantFile("v.vcf.gz"))
    assert [record.info["FASTISM"][0].split("|")[-1] for record in records] == [
        flag for _, flag in FLAGGED
    ]
    assert records[1].info["FASTISM"][0].split("|")[:3] == ["<DEL>", ".", "."]


def test_records_keep_all_they_have_and_several_alleles(plans: Path) -> None:
    header = (
        "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##contig=<ID=chr2>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n'
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    )
    others = [base for base in "ACGT" if base != held(500)]
    text = f"chr1\t500\trs1\t{held(500)}\t{','.join(others)}\t30\tPASS\tAF=0.5,0.25,0.125\n"
    Path("v.vcf").write_text(header + text + f"chr1\t500\t.\t{held(500)}\t{others[0]}\t.\t.\tX=3\n")
    assert (
        main(f"--quiet variants {plans}/plain -g g.fa --vcf v.vcf -o a.vcf -o a.tsv".split()) == 0
    )
    file = pysam.VariantFile("a.vcf")
    about = file.header.info["FASTISM"].description
    names, lines = table("a.tsv")
    assert f"Scores by fastism: {'|'.join(['ALLELE', *names[5:-2], 'WINDOW', 'FLAG'])}. " in about
    first, second = list(file)
    assert first.info["AF"] == (0.5, 0.25, 0.125)
    assert (first.id, first.qual, list(first.filter)) == ("rs1", 30, ["PASS"])
    assert second.info["X"] == "3"
    assert [each.split("|") for each in first.info["FASTISM"]] == [
        [line[3], *line[5:]] for line in lines[:3]
    ]
    assert len(second.info["FASTISM"]) == 1
    assert main(f"--quiet variants {plans}/plain -g g.fa --vcf a.vcf -o b.vcf".split()) == 0
    again = list(pysam.VariantFile("b.vcf"))
    assert again[0].info["FASTISM"] == first.info["FASTISM"]


def test_windows_that_hold_several_on_either_strand(plans: Path, model: Any) -> None:
    write_bed(Path("w.bed"), [("chr1", 170, 180), ("chr1", 190, 192, ".", 0, "-"), ("chr2", 9, 11)])
    rows = [*SUBSTITUTIONS, ("chr1", 190, held(190, 4), "G"), ("chr1", 203, held(203, 9), "G")]
    write_vcf(Path("v.vcf"), rows)
    line = f"--quiet variants {plans}/plain -g g.fa --vcf v.vcf -o v.tsv -r w.bed"
    assert main(line.split()) == 0
    _, lines = table("v.tsv")
    taken = [(r, s) for r in rows for s in (145, 161) if s < r[1] <= s + LENGTH]
    assert [(*line[:4], line[-2]) for line in lines] == [
        (c, str(p), r, a, f"chr1:{s}-{s + LENGTH}{'(-)' if s == 161 else ''}")
        for (c, p, r, a), s in taken
    ]
    flags = ["past_window" if p == 203 and s == 145 else "ok" for (_, p, _, _), s in taken]
    assert [line[-1] for line in lines] == flags
    for line, ((_, pos, ref, alt), start) in zip(lines, taken, strict=True):
        if line[-1] == "ok":
            mutant = ONE[start : pos - 1] + alt + ONE[pos - 1 + len(ref) :]
            both = [ONE[start : start + LENGTH], mutant[:LENGTH]]
            both = [complement(text) for text in both] if start == 161 else both
            y = model.predict(fastism.one_hot(both), verbose=0)[0][:, 0]
            np.testing.assert_allclose([float(line[5]), float(line[6])], y, atol=1e-5)


def test_a_region_is_found_by_the_index_or_without(plans: Path) -> None:
    write_vcf(Path("v.vcf"), SUBSTITUTIONS)
    write_vcf(Path("i.vcf.gz"), SUBSTITUTIONS)
    found = []
    for name in ("v.vcf", "i.vcf.gz"):
        only = "--only chr1:105-115 --only chr1:1-100 --only chr2"
        line = f"--quiet variants {plans}/plain -g g.fa --vcf {name} -o {name}.tsv {only}"
        assert main(line.split()) == 0
        found.append(table(f"{name}.tsv")[1])
    assert [line[1] for line in found[0]] == ["100", "105", "110", "115"]
    assert found[0] == found[1]


def test_a_model_of_several_inputs_is_for_python(
    plans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(f"variants {plans}/two -g g.fa --vcf v.vcf -o s.tsv".split()) == 2
    assert capsys.readouterr().err == (
        "fastism: the model reads 2 inputs, and a genome gives one\n  why: its inputs: dna, age\n"
        "  try: in Python: plan.variants({name: array, ...}, sequence, position, rows)\n"
    )


def test_the_mean_of_several_plans(plans: Path, model: Any) -> None:
    keras.utils.set_random_seed(7)
    other = keras.models.clone_model(model)
    other.save("other.keras")
    fastism.compile("other.keras").save("other")
    rows = [*SUBSTITUTIONS[:5], *MOVED[:2]]
    write_vcf(Path("v.vcf"), rows)
    line = f"--quiet variants {plans}/plain other -g g.fa --vcf v.vcf -o v.tsv"
    assert main(line.split()) == 0
    names, lines = table("v.tsv")
    assert names[5:10] == ["ref:y", "alt:y", "delta:y", "std:y", "ref:track.0.0"]
    found = np.array([line[5:-2] for line in lines], float).reshape(len(rows), -1, 4)
    both = np.stack([expected(model, rows), expected(other, rows)])
    np.testing.assert_allclose(found[..., 1], both.mean(axis=0)[:, 1], atol=1e-5)
    spread = (both[:, :, 1] - both[:, :, 0]).std(axis=0)
    assert spread[:5].max(axis=1).min() > 1e-3
    assert spread[5:].max(axis=1).min() > 1e-3
    np.testing.assert_allclose(found[..., 3], spread, atol=2e-5)
    assert (
        main(f"--quiet variants {plans}/plain other -g g.fa --vcf v.vcf -o v.vcf.gz".split()) == 0
    )
    about = pysam.VariantFile("v.vcf.gz").header.info["FASTISM"].description
    assert "delta: alt - ref. std: the standard deviation of delta over the plans. WINDOW" in about


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(
    plans: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the part that is left has too few of a width to make a program for them."""
    monkeypatch.setattr("fastism.cli.variant_job.ROWS", 17)
    pairs = [("chr1", p, held(p, 2), changed(p, 2)) for p in range(310, 380, 2)]
    write_vcf(Path("v.vcf"), [*SUBSTITUTIONS, *pairs, *MOVED, *EDGES])
    line = f"variants {plans}/plain -g g.fa --vcf v.vcf -o v.tsv -o v.vcf.gz".split()
    assert main(line) == 0
    whole = {path.name: path.read_bytes() for path in folder.glob("v.*")}
    for name in whole.keys() - {"v.vcf"}:
        (folder / name).unlink()
    capsys.readouterr()
    with monkeypatch.context() as patch:
        calls = iter([True] * 4 + [False])
        score = fastism.variants.answers.answer

        def stopped(*arguments: Any) -> np.ndarray:
            if not next(calls):
                raise KeyboardInterrupt
            return score(*arguments)

        patch.setattr("fastism.variants.answers.answer", stopped)
        assert main(line) == 130
    assert "68 of 81 variants are done, and kept: the same command with --resume goes on" in (
        capsys.readouterr().err
    )
    assert sorted(path.name for path in folder.glob("v.*")) == ["v.tsv.partial", "v.vcf"]
    assert main(line) == 2
    assert "v.tsv.partial holds a run that was stopped: 68 of 81" in capsys.readouterr().err
    assert main([*line, "--resume", "--rc"]) == 2
    assert "--rc was False, and is True" in capsys.readouterr().err
    assert main([*line, "--resume"]) == 0
    assert "going on: 68 of 81 variants are done\n" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.glob("v.*")} == whole
    assert main([*line, "--resume"]) == 0
    assert "whole already: v.tsv, v.vcf.gz\n" in capsys.readouterr().err
    assert main([*line, "--resume", "-bs", "3"]) == 2
    assert "v.tsv exists already" in capsys.readouterr().err


def test_another_assembly_is_suspected(plans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_vcf(Path("v.vcf"), SUBSTITUTIONS)
    write_genome(Path("h.fa"), {"chr1": letters(900, 9)})
    assert main(f"variants {plans}/plain -g h.fa --vcf v.vcf -o s.tsv".split()) == 0
    assert "warning: most of REF is not in h.fa: is it another assembly?" in capsys.readouterr().err
    write_genome(Path("i.fa"), {"1": ONE})
    assert main(f"variants {plans}/plain -g i.fa --vcf v.vcf -o t.tsv".split()) == 0
    assert "warning: the chromosomes of i.fa are 1\n" in capsys.readouterr().err
