"""BED and narrowPeak rows, and what they are centred on."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastism.errors import InputError
from fastism.io.bed import BedRow, read_bed
from tests.genomes import write_bed

PEAK = ("chr1", 100, 300, "peak", 0, ".", 1.5, -1, -1)


def test_three_columns_six_and_ten(tmp_path: Path) -> None:
    rows = [
        ("track name=x",),
        ("# a comment",),
        ("chr1", 10, 21),
        ("chr2", 0, 4, "site", 7, "-"),
        (*PEAK, 30),
        (*PEAK, -1),
        ("chr1", 1, 2, ".", 0, "+"),
        ("chr1", 3, 4, "a näme"),
        ("chr1 5 6 four",),
        ("",),
    ]
    for name in ("x.bed", "x.bed.gz"):
        assert list(read_bed(write_bed(tmp_path / name, rows))) == [
            BedRow(3, "chr1", 10, 21),
            BedRow(4, "chr2", 0, 4, "site", "-"),
            BedRow(5, "chr1", 100, 300, "peak", ".", 130),
            BedRow(6, "chr1", 100, 300, "peak"),
            BedRow(7, "chr1", 1, 2, "", "+"),
            BedRow(8, "chr1", 3, 4, "a näme"),
            BedRow(9, "chr1", 5, 6, "four"),
        ]
    read = list(read_bed(tmp_path / "x.bed"))
    assert [row.centre for row in read] == [15, 2, 130, 200, 1, 3, 5]
    assert [row.label for row in read][:2] == ["chr1:10-21", "site"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("chr1", 200, 100), r"line 1 of .*x\.bed cannot be used\n  why: \[200, 100\) holds no po"),
        (("chr1", 5, 5), r"\[5, 5\) holds no position"),
        (
            ("chr1", 5),
            r"line 1 of .*x\.bed cannot be used\n  why: a row must read: name, start, stop",
        ),
        (("chr1", "x", 5), "a row must read: name, start, stop"),
        (("chr1", -5, 5), "a row must read: name, start, stop"),
        (("chr1", 0, 5, "a", 0, "x"), "the strand 'x' is none of"),
        (
            (*PEAK, 200),
            r"line 1 of .*x\.bed cannot be used\n  why: its summit, '200', is not a position",
        ),
        ((*PEAK, "x"), "its summit, 'x', is not a position within the peak"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path: Path, row: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_bed(write_bed(tmp_path / "x.bed", [row])))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no BED file"):
        list(read_bed(tmp_path / "none.bed"))
    path = write_bed(tmp_path / "x.bed.gz", [("chr1", i, i + 1) for i in range(5000)])
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(
        InputError, match=r"x\.bed\.gz cannot be read\n  why: Compressed file ended"
    ):
        list(read_bed(path))
    (tmp_path / "y.bed").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"y\.bed cannot be read"):
        list(read_bed(tmp_path / "y.bed"))
