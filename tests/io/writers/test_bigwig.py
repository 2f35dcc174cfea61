"""Tracks of contributions: where windows overlap, which strand, and past the ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from fastism.errors import InputError
from fastism.io.regions import Region
from fastism.io.writers.base import Options
from tests.io.writers.small import CHROMOSOMES, HEADER, ONE, ONE_HOT, REGIONS, ROWS, centered, write

CONTRIBUTION = (centered() * ONE_HOT[:, 1:4]).sum(axis=2)


def values(path: Path, chrom: str) -> np.ndarray:
    with pyBigWig.open(str(path)) as track:
        assert track.chroms() == CHROMOSOMES
        return np.asarray(track.values(chrom, 0, CHROMOSOMES[chrom]))


def test_a_position_has_the_value_of_the_window_whose_middle_is_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "bigwig", name="x.bw")
    expected = np.full(44, np.nan)
    # Windows [10, 15) and [12, 17) are scored at [11, 14) and [13, 16); 13 is as near to both.
    expected[11:14] = CONTRIBUTION[0]
    expected[14:16] = CONTRIBUTION[2][1:]
    expected[41:44] = CONTRIBUTION[3]
    np.testing.assert_allclose(values(path, "chr1"), expected, rtol=1e-6)
    expected = np.full(20, np.nan)
    expected[4:7] = CONTRIBUTION[1][::-1]
    np.testing.assert_allclose(values(path, "chr2"), expected, rtol=1e-6)


@pytest.mark.parametrize("apart", range(6))
def test_overlaps_by_the_rule_itself(tmp_path: Path, apart: int) -> None:
    regions = [Region("chr1", 20 + apart, 25 + apart), Region("chr1", 20, 25)]
    rows = replace(ROWS.part(0, 2), regions=regions)
    path = write(tmp_path, "bigwig", name="x.bw", rows=rows)
    expected = np.full(44, np.nan)
    for position in range(44):
        near = sorted(
            (abs(position - (region.start + 2)), region.start, index)
            for index, region in enumerate(regions)
            if region.start <= position < region.end
        )
        if near:
            window = near[0][2]
            offset = position - regions[window].start - 1
            if 0 <= offset < 3:
                expected[position] = CONTRIBUTION[window][offset]
    np.testing.assert_allclose(values(path, "chr1"), expected, rtol=1e-6)


def test_what_lies_past_the_ends_has_no_value(tmp_path: Path) -> None:
    regions = [Region("chr1", -2, 3), Region("chr1", 41, 46)]
    path = write(tmp_path, "bigwig", name="x.bw", rows=replace(ROWS.part(0, 2), regions=regions))
    found = values(path, "chr1")
    np.testing.assert_allclose(found[:2], CONTRIBUTION[0][1:], rtol=1e-6)
    np.testing.assert_allclose(found[42:], CONTRIBUTION[1][:2], rtol=1e-6)
    assert np.isnan(found[2:42]).all()


def test_positions_that_were_not_edited_have_no_value(tmp_path: Path) -> None:
    header = replace(HEADER, sites=np.asarray([(0, 1), (2, 1), (4, 1)]))
    path = write(tmp_path, "bigwig", name="x.bw", header=header, rows=ROWS.part(0, 1))
    there = ~np.isnan(values(path, "chr1"))
    assert np.flatnonzero(there).tolist() == [10, 12, 14]


def test_a_chromosome_of_another_genome(tmp_path: Path) -> None:
    rows = replace(ROWS, regions=[*REGIONS[:3], Region("chrUn", 1, 6)])
    with pytest.raises(InputError) as error:
        write(tmp_path, "bigwig", name="x.bw", rows=rows)
    assert str(error.value) == (
        "chrUn, where the region chrUn:1-6 lies, is not among the chromosomes whose lengths are "
        "given\n  try: -c with the chromosome sizes of this genome"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("score", ["hypothetical", "centered", "contribution"])
def test_scores_that_have_a_number_at_the_reference_base(tmp_path: Path, score: str) -> None:
    options = Options(score=score, targets=ONE.targets, chromosomes=CHROMOSOMES)
    path = write(tmp_path, "bigwig", options, name="x.bw")
    np.testing.assert_allclose(values(path, "chr1")[41:44], CONTRIBUTION[3], rtol=1e-6)
