"""Regions: where in a genome a sequence comes from."""

from __future__ import annotations

import pytest

from fastism.errors import InputError
from fastism.io.regions import Region


def test_a_region_reads_as_browsers_write_it() -> None:
    assert str(Region("chr1", 9, 20)) == "chr1:9-20"
    assert str(Region("chr1", -3, 20, "-")) == "chr1:-3-20(-)"
    assert Region("chr1", 9, 20, "-").reversed
    assert not Region("chr1", 9, 20, "+").reversed


@pytest.mark.parametrize(
    ("start", "end", "strand", "message"),
    [
        (20, 20, ".", "the region chr1:20-20 holds no position"),
        (20, 9, "+", "the region chr1:20-9(+) holds no position"),
        (
            *(1, 2, "x"),
            "the region chr1:1-2 has the strand 'x'\n  why: a strand is one of +, -, .",
        ),
    ],
)
def test_a_region_that_is_none(start: int, end: int, strand: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        Region("chr1", start, end, strand)
    assert str(error.value) == message
