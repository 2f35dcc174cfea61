"""BED files of regions within the sequences."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastism.errors import InputError
from fastism.io.intervals import read_intervals


def test_rows_in_order(tmp_path: Path) -> None:
    path = tmp_path / "sites.bed"
    path.write_text("track name=x\n# one\n\ninput\t5\t9\tname\t0\t+\ninput 0 2\n")
    assert read_intervals(path) == [(5, 9), (0, 2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no interval"),
        ("# nothing\n", "holds no interval"),
        ("a 1 5\nb 2 6\n", r"line 2 of .*sites\.bed .* only one name"),
        ("a 1\n", "line 1 .* name, start, stop"),
        ("a 1 x\n", "line 1 .* name, start, stop"),
        ("a 5 5\n", r"line 1 of .*sites\.bed .* \[5, 5\) holds no position"),
        ("a -1 5\n", "line 1 .* name, start, stop"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sites.bed"
    path.write_text(text)
    with pytest.raises(InputError, match=f"(?s){message}"):
        read_intervals(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no BED file"):
        read_intervals(tmp_path / "sites.bed")
