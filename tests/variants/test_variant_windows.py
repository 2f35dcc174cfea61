"""Which windows a variant is scored in."""

from __future__ import annotations

from fastism.io.regions import Region
from fastism.io.variants.variant import Variant
from fastism.variants.windows import Centred, Within


def at(position: int, chrom: str = "chr1") -> Variant:
    return Variant(chrom, position, "A", "C")


def test_around_the_variant() -> None:
    assert Centred(10).of(at(20)) == (Region("chr1", 15, 25),)
    assert Centred(9).of(at(20)) == (Region("chr1", 16, 25),)
    assert Centred(10).of(at(2)) == (Region("chr1", -3, 7),)
    assert Centred(10).stretches is None


def test_in_every_window_it_begins_in() -> None:
    first, second, minus = (Region("chr1", s, s + 10, d) for s, d in ((0, "."), (5, "."), (5, "-")))
    windows = Within([second, first, minus, second, Region("chr2", 0, 10)])
    assert list(windows.of(at(4))) == [first]
    assert list(windows.of(at(5))) == [first, second, minus]
    assert list(windows.of(at(9))) == [first, second, minus]
    assert list(windows.of(at(10))) == [second, minus]
    assert list(windows.of(at(15))) == []
    assert list(windows.of(at(0, "chr3"))) == []
    assert windows.stretches is not None
    assert windows.stretches.by_chrom == {"chr1": [(0, 15)], "chr2": [(0, 10)]}
