"""Contributions along a genome, for browsers: a bigWig track."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.errors import InputError, require_extra
from fastism.io.header import Array, Header
from fastism.io.rows import Rows
from fastism.io.writers.base import Format, Options
from fastism.io.writers.chosen import Chosen

_PROJECTED = ("contribution", "hypothetical", "centered", "centered-alt")


class BigWig(Format):
    """The score of the reference base at every position that was edited.

    The edited stretches of sequences may overlap: a position has the value of the stretch whose
    middle is nearest, of two that are as near, of the one that begins first, and of several at one
    place, of the first given. Positions past the ends of a chromosome have no value.
    """

    name: ClassVar[str] = "bigwig"
    suffixes: ClassVar[tuple[str, ...]] = (".bw", ".bigwig")
    about: ClassVar[str] = "contributions along the genome, a track for browsers"

    def check(self, header: Header, options: Options) -> None:
        self._chosen(header, options)
        if not header.regions:
            raise InputError(
                "a bigWig lies along a genome, and these sequences come from no regions of one",
                attempt="-g genome.fa -r regions.bed in place of -s",
            )
        if options.chromosomes is None:
            raise InputError(
                "a bigWig needs the lengths of the chromosomes",
                attempt="-c chrom.sizes, or the genome's .fai",
            )
        require_extra("genomics", "a bigWig", "pyBigWig")

    def size(self, header: Header, options: Options, sequences: int) -> int:
        return 2 * 4 * sequences * header.length

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        chosen = self._chosen(header, options)
        assert options.chromosomes is not None
        return _Writer(path, header, chosen, options.chromosomes)

    def _chosen(self, header: Header, options: Options) -> Chosen:
        if options.score is not None and options.score.replace("_", "-") not in _PROJECTED:
            raise InputError(
                f"a bigWig holds no score {options.score}",
                why="it has one number a position, that of the reference base: "
                f"{', '.join(_PROJECTED)}",
                attempt="--score contribution",
            )
        return Chosen.one(header, options, "contribution", "bigwig")


class _Writer:
    """Values wait in a file of their own, a row a window, until all windows are known."""

    def __init__(
        self,
        path: Path,
        header: Header,
        chosen: Chosen,
        chromosomes: Mapping[str, int],
    ) -> None:
        self._path = path
        self._chosen = chosen
        self._chromosomes = chromosomes
        starts = np.asarray(header.sites)[:, 0]
        self._first = int(starts.min())
        self._sites = starts - self._first
        self._length = int(self._sites.max()) + 1
        self._places: dict[str, dict[int, int]] = {chrom: {} for chrom in chromosomes}
        self._count = 0
        self._spool = path.with_name(f"{path.name}.windows")
        self._file = self._spool.open("wb")

    def append(self, rows: Rows) -> None:
        assert rows.regions is not None
        held = self._chosen.held(rows)
        scores = (self._chosen.of(rows)[..., 0] * held).sum(axis=2)
        values = np.full((len(rows), self._length), np.nan, np.float32)
        values[:, self._sites] = scores
        for region, row in zip(rows.regions, values, strict=True):
            if region.chrom not in self._chromosomes:
                raise InputError(
                    f"{region.chrom}, where the region {region} lies, is not among the "
                    "chromosomes whose lengths are given",
                    attempt="-c with the chromosome sizes of this genome",
                )
            if region.reversed:
                start, row = region.end - self._first - self._length, row[::-1]
            else:
                start = region.start + self._first
            self._places[region.chrom].setdefault(start, self._count)  # the first of one place
            self._file.write(row.tobytes())
            self._count += 1

    def close(self) -> None:
        self._file.close()
        import pyBigWig

        track = pyBigWig.open(str(self._path), "w")
        track.addHeader(list(self._chromosomes.items()))
        if self._count:
            shape = (self._count, self._length)
            values = np.memmap(self._spool, np.float32, "r", shape=shape)
            for chrom, start, run in self._runs(values):
                track.addEntries(chrom, start, values=run.astype(np.float64), span=1, step=1)
        track.close()
        self._spool.unlink()

    def _runs(self, values: Array) -> Iterator[tuple[str, int, Array]]:
        """Stretches of values without a gap, in the order of the genome."""
        for chrom, windows in self._places.items():
            if not windows:
                continue
            starts, length = sorted(windows), self._chromosomes[chrom]
            borders = [self._border(*pair) for pair in pairwise(starts)]
            for start, left, right in zip(starts, [0, *borders], [*borders, length], strict=True):
                left, right = max(left, start), min(right, start + self._length, length)
                row = values[windows[start], left - start : max(left, right) - start]
                for begin, end in _without_gaps(row):
                    yield chrom, left + begin, row[begin:end]

    def _border(self, first: int, second: int) -> int:
        """The first position that is nearer to the middle of the second of two windows."""
        return (first + second + self._length - 1) // 2 + 1


def _without_gaps(row: Array) -> Iterator[tuple[int, int]]:
    """The stretches of a row that are numbers."""
    there = np.concatenate([[False], ~np.isnan(row), [False]])
    edges = np.flatnonzero(there[1:] != there[:-1])
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
