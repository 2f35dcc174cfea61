"""Variants in, and scores of them out: VCF with and without an index, tables, annotated VCF."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.regions import Region
from fastism.io.variants.annotated import AnnotatedWriter
from fastism.io.variants.scored import Scored, columns
from fastism.io.variants.stretches import Stretches
from fastism.io.variants.table import TableWriter
from fastism.io.variants.variant import Variant
from fastism.io.variants.vcf import VcfFile
from tests.genomes import HEADER, write_vcf

ROWS = [
    ("chr1", 5, "A", "C,GG"),
    ("chr1", 9, "ACG", "A"),
    ("chr1", 20, "T", "."),
    ("chr2", 3, "G", "<DEL>"),
]
VARIANTS = [
    Variant("chr1", 4, "A", "C", "rs0"),
    Variant("chr1", 4, "A", "GG", "rs0"),
    Variant("chr1", 8, "ACG", "A", "rs1"),
    Variant("chr1", 19, "T", "", "rs2"),
    Variant("chr2", 2, "G", "<DEL>", "rs3"),
]
WINDOW = Region("chr1", 0, 10)


def said(variant: Variant) -> tuple[str, int, str, str, str]:
    return variant.chrom, variant.position, variant.reference, variant.alternate, variant.name


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz"])
def test_every_allele_is_a_variant(tmp_path: Path, name: str) -> None:
    file = VcfFile(write_vcf(tmp_path / name, ROWS))
    assert file.indexed == name.endswith(".gz")
    assert file.count == 5
    for _ in range(2):
        read = list(file.variants())
        assert [said(each) for each in read] == [said(each) for each in VARIANTS]
    assert read[0].record is read[1].record
    assert [each.end for each in read] == [5, 5, 11, 20, 3]


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz"])
@pytest.mark.parametrize(
    ("stretches", "wanted"),
    [
        ([("chr1", 4, 5)], [0, 1]),
        ([("chr1", 5, 9)], [2]),
        ([("chr1", 9, 19)], []),  # a deletion that reaches in begins outside
        ([("chr2", 0, 100), ("chr1", 19, 20)], [3, 4]),
        ([("chr1", 0, 5), ("chr1", 3, 30)], [0, 1, 2, 3]),
        ([("chr3", 0, 100)], []),
    ],
)
def test_only_those_that_begin_in_a_stretch(
    tmp_path: Path, name: str, stretches: list[tuple[str, int, int]], wanted: list[int]
) -> None:
    file = VcfFile(write_vcf(tmp_path / name, ROWS), Stretches(stretches))
    assert file.count == len(wanted)
    found = [said(each) for each in file.variants()]
    assert found == [said(VARIANTS[index]) for index in wanted]


def test_a_record_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "x.vcf").write_text(HEADER + "chr1\t5\t.\tA\tC\t.\tPASS\t.\n")
    assert [each.name for each in VcfFile(tmp_path / "x.vcf").variants()] == ["."]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no VCF file .*no\.vcf"):
        VcfFile(tmp_path / "no.vcf")
    (tmp_path / "z.vcf.gz").write_bytes(gzip.compress(HEADER.encode()))
    with pytest.raises(InputError, match="compressed by gzip, and variants are read from blocks"):
        VcfFile(tmp_path / "z.vcf.gz")
    (tmp_path / "x.vcf").write_text("chr1\t5\n")
    with pytest.raises(InputError, match=r"x\.vcf is not a VCF file"):
        VcfFile(tmp_path / "x.vcf")
    (tmp_path / "y.vcf").write_text(HEADER + "chr1\t5\tr\tA\tC\t.\tPASS\t.\nchr1\tx\n")
    with pytest.raises(InputError, match=r"record 2 of .*y\.vcf cannot be read"):
        VcfFile(tmp_path / "y.vcf")


def test_numbers_of_outputs_have_names() -> None:
    assert columns({"y": (1,), "z": (2,), "": ()}) == [
        *("ref:y", "alt:y", "delta:y"),
        *("ref:z.0", "alt:z.0", "delta:z.0", "ref:z.1", "alt:z.1", "delta:z.1"),
        *("ref:", "alt:", "delta:"),
    ]
    assert columns({"y": (1,)}, deviations=True) == ["ref:y", "alt:y", "delta:y", "std:y"]
    assert columns({"p": (2, 1)})[::3] == ["ref:p.0.0", "ref:p.1.0"]
    assert len(columns({"p": (4096,)})) == 3 * 4096
    with pytest.raises(InputError, match=r"4,097 numbers a sequence, .* at most 4,096 of each"):
        columns({"p": (4096,), "y": (1,)})


def test_a_table_has_a_line_a_variant(tmp_path: Path) -> None:
    writer = TableWriter(tmp_path / "x.tsv", ["ref:y", "alt:y", "delta:y"])
    values = np.array([[0.5, 1 / 3, -1e-9]])
    writer.append([Scored(VARIANTS[2], WINDOW, "ok", values)])
    writer.append([Scored(VARIANTS[3], Region("chr1", 15, 25, "-"), "no-alt")])
    writer.close()
    assert (tmp_path / "x.tsv").read_bytes().decode().split("\n") == [
        "chr\tpos\tref\talt\tid\tref:y\talt:y\tdelta:y\twindow\tflag",
        f"chr1\t9\tACG\tA\trs1\t0.5\t0.333333333\t-1e-09\t{WINDOW}\tok",
        f"chr1\t20\tT\t.\trs2\tNA\tNA\tNA\t{Region('chr1', 15, 25, '-')}\tno-alt",
        "",
    ]


@pytest.mark.parametrize("name", ["out.vcf", "out.vcf.gz"])
def test_records_are_annotated_once(tmp_path: Path, name: str) -> None:
    header = HEADER.replace(
        "#CHROM", '##INFO=<ID=FASTISM,Number=.,Type=String,Description="old">\n#CHROM'
    )
    header = header.replace(
        "#CHROM", '##INFO=<ID=TAG,Number=1,Type=String,Description="a tag">\n#CHROM'
    )
    path = tmp_path / "in.vcf"
    write_vcf(path, ROWS[:2], header)
    lines = path.read_text().splitlines()
    lines[-1] = lines[-1].removesuffix(".") + "FASTISM=A|old=1;TAG=X"
    path.write_text("\n".join(lines) + "\n")
    file = VcfFile(path)
    variants = list(file.variants())
    writer = AnnotatedWriter(tmp_path / name, file.header, ["ref:y", 'a\\ "b"'])
    writer.append([Scored(variants[0], WINDOW, "ok", np.array([[0.5, 0.25]]))])
    writer.append(
        [Scored(variants[1], WINDOW, "long"), Scored(variants[2], WINDOW, "ok", np.ones((1, 2)))]
    )
    writer.close()
    written = (tmp_path / name).read_bytes()
    text = (gzip.decompress(written) if name.endswith(".gz") else written).decode()
    head, body = [line for line in text.splitlines() if line[0] == "#"], text.splitlines()[-2:]
    described = [line for line in head if "ID=FASTISM," in line]
    assert len(described) == 1
    assert described[0] == head[-2]
    assert described[0].startswith(
        '##INFO=<ID=FASTISM,Number=.,Type=String,Description="Scores by fastism: '
        "ALLELE|ref:y|a/ 'b'|WINDOW|FLAG. ref, alt: "
    )
    assert head[-1].startswith("#CHROM\tPOS")
    assert any("ID=TAG," in line for line in head)
    assert body == [
        f"chr1\t5\trs0\tA\tC,GG\t.\tPASS\tFASTISM=C|0.5|0.25|{WINDOW}|ok,GG|.|.|{WINDOW}|long",
        f"chr1\t9\trs1\tACG\tA\t.\tPASS\tTAG=X;FASTISM=A|1|1|{WINDOW}|ok",
    ]
    assert VcfFile(tmp_path / name).count == 3
