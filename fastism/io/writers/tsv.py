"""A table of mutations, a line each: chr, pos, ref, alt, id and scores."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.errors import InputError
from fastism.io.header import Array, Header
from fastism.io.regions import Region
from fastism.io.rows import Rows
from fastism.io.writers.base import Format, Options
from fastism.io.writers.chosen import Chosen

_COMPLEMENT = str.maketrans("ACGTUN", "TGCAAN")
_LINE_BYTES = 40


class Tsv(Format):
    """``chr``, ``pos`` (from 1, as in VCF), ``ref``, ``alt``, ``id`` (of the sequence), scores.

    Of a region on the reverse strand, the bases are those of the forward strand, as its positions
    are. A sequence that comes from no genome is a chromosome of its own. A mutation that writes
    what is there already has no line; a row of zeros reads as N.
    """

    name: ClassVar[str] = "tsv"
    suffixes: ClassVar[tuple[str, ...]] = (".tsv", ".tsv.gz")
    about: ClassVar[str] = "a table of mutations, a line each, every output"

    def check(self, header: Header, options: Options) -> None:
        Chosen.several(header, options, "delta")
        _require_words(header.alternatives)
        channels = header.letters or range(header.channels)
        if "." in (header.alphabet[channel] for channel in channels):
            raise InputError(
                "a table of mutations has letters, and it is not said which the channels are",
                attempt="--alphabet with a letter for each",
            )
        if header.regions and not set(header.alphabet) <= set("ACGTUN"):
            raise InputError(
                f"a table of a genome's mutations is of its bases, and the alphabet is "
                f"{header.alphabet}",
                attempt="h5 or zarr",
            )

    def size(self, header: Header, options: Options, sequences: int) -> int:
        numbers = len(Chosen.several(header, options, "delta").numbers)
        lines = sequences * len(header.sites) * header.columns
        return lines * (_LINE_BYTES + 12 * numbers)

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        return _Writer(path, header, Chosen.several(header, options, "delta"), options)


class _Writer:
    def __init__(self, path: Path, header: Header, chosen: Chosen, options: Options) -> None:
        packed = options.compression is not None or path.name.endswith(".gz")
        self._raw = path.open("wb")
        binary = gzip.GzipFile("", "wb", fileobj=self._raw, mtime=0) if packed else self._raw
        self._file = io.TextIOWrapper(binary, encoding="utf-8", newline="\n")
        self._header = header
        self._chosen = chosen
        letters = range(header.channels) if header.letters is None else header.letters
        self._channels = list(letters)
        self._letters = np.asarray([*(header.alphabet[channel] for channel in letters), "N"])
        score, numbers = chosen.score.name, chosen.numbers
        names = [score] if len(numbers) == 1 else [f"{score}:{each.label}" for each in numbers]
        self._file.write("\t".join(["chr", "pos", "ref", "alt", "id", *names]) + "\n")

    def append(self, rows: Rows) -> None:
        scores = self._chosen.of(rows)
        shared = None if self._header.own_rows else self._words(self._header.alternatives)
        for index, name in enumerate(rows.names):
            region = None if rows.regions is None else rows.regions[index]
            held = self._words(rows.sequences[index])
            written = shared
            if rows.alternatives is not None:
                _require_words(rows.alternatives[index])
                written = self._words(rows.alternatives[index])
            assert written is not None
            self._sequence(name, region, held, written, scores[index])

    def _sequence(
        self, name: str, region: Region | None, held: Array, written: Array, scores: Array
    ) -> None:
        place = _place(name, region)
        for site, (start, width) in enumerate(self._header.sites.tolist()):
            before = "".join(held[start : start + width])
            rows = written if written.ndim == 2 else written[min(site, len(written) - 1)]
            for row, numbers in zip(rows, scores[site], strict=True):
                after = "".join(row)
                if after != before:
                    values = "\t".join(f"{value:.9g}" for value in numbers.tolist())
                    self._file.write(f"{place(start, before, after)}\t{name}\t{values}\n")

    def _words(self, rows: Array) -> Array:
        """The letter of each row, (..., C) to (...); N for a row of zeros."""
        own = np.asarray(rows)[..., self._channels]
        return self._letters[np.where(own.any(axis=-1), own.argmax(axis=-1), -1)]

    def close(self) -> None:
        self._file.close()
        self._raw.close()


def _place(name: str, region: Region | None) -> Callable[[int, str, str], str]:
    """What makes the first four columns, of a position in the sequence and the letters there."""
    if region is None:
        return lambda start, before, after: f"{name}\t{start + 1}\t{before}\t{after}"
    chrom, first, end = region.chrom, region.start, region.end
    if not region.reversed:
        return lambda start, before, after: f"{chrom}\t{first + start + 1}\t{before}\t{after}"

    def reverse(start: int, before: str, after: str) -> str:
        words = (word[::-1].translate(_COMPLEMENT) for word in (before, after))
        return "\t".join([chrom, str(end - start - len(before) + 1), *words])

    return reverse


def _require_words(rows: Array) -> None:
    """Raise InputError for rows that are not letters."""
    ones = (np.asarray(rows) == 1).sum(axis=-1)
    zeros = (np.asarray(rows) == 0).sum(axis=-1)
    if not ((ones <= 1) & (ones + zeros == np.shape(rows)[-1])).all():
        raise InputError(
            "a table of mutations has letters, and rows that are none were written",
            attempt="h5 or zarr, which hold any alternatives",
        )
