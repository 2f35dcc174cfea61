"""Stretches of a genome by what a user types, and which positions lie in them."""

from __future__ import annotations

import pytest

from fastism.errors import InputError
from fastism.io.variants.stretches import Stretches, parse_stretch


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("chr1", ("chr1", 0, 2**31 - 1)),
        ("chr1:5,000", ("chr1", 4999, 2**31 - 1)),
        ("chr1:5,000-6000", ("chr1", 4999, 6000)),
        ("chrX:7-7", ("chrX", 6, 7)),
        ("HLA-A*01:01:5-7", ("HLA-A*01:01", 4, 7)),
    ],
)
def test_text(text: str, stretch: tuple[str, int, int]) -> None:
    assert parse_stretch(text) == stretch


@pytest.mark.parametrize("text", ["", "chr1:0-3", "chr1:9-3", "chr1:0"])
def test_text_that_is_none(text: str) -> None:
    with pytest.raises(InputError, match=f"--only {text} names no stretch of a genome"):
        parse_stretch(text)


def test_positions_in_stretches_that_touch_or_do_not() -> None:
    made = Stretches([("a", 5, 9), ("a", 20, 22), ("a", 9, 12), ("a", 6, 7), ("b", -4, 2)])
    assert made.by_chrom == {"a": [(5, 12), (20, 22)], "b": [(0, 2)]}
    assert [p for p in range(30) if made.holds("a", p)] == [*range(5, 12), 20, 21]
    assert [p for p in range(4) if made.holds("b", p)] == [0, 1]
    assert not made.holds("c", 0)
