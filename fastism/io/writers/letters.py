"""Scores as a matrix of positions and bases, for formats that hold nothing else."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fastism.errors import FastismWarning, InputError
from fastism.io.header import Array, Header
from fastism.io.regions import Region
from fastism.io.rows import Rows
from fastism.io.writers.base import Options
from fastism.io.writers.chosen import Chosen
from fastism.scores import writes_letters

_ORDERS = ("ACGT", "ACGU")
_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class Matrix:
    """A run whose sites are every position of a stretch, and whose alternatives are the four bases.

    chosen: the score. start, stop: the stretch, in positions of the sequences. sites: their order
    along it. channels: those of A, C, G and T. columns: the alternatives that write them.
    """

    chosen: Chosen
    start: int
    stop: int
    sites: Array
    channels: list[int]
    columns: list[int]

    @classmethod
    def of(cls, header: Header, chosen: Chosen, what: str) -> Matrix:
        """The matrix of a run, for a format that is called ``what`` in messages.

        Raises InputError where the run is no such matrix.
        """
        channels = list(range(header.channels)) if header.letters is None else list(header.letters)
        alphabet = [header.alphabet[channel] for channel in channels]
        order = next((each for each in _ORDERS if sorted(each) == sorted(alphabet)), None)
        if order is None:
            said = "".join(alphabet) if "." not in alphabet else "not said"
            raise InputError(
                f"{what} holds scores of A, C, G and T, and the alphabet is {said}",
                attempt="h5, zarr or tsv, which hold any",
            )
        if not writes_letters(header.alternatives, header.letters):
            raise InputError(
                f"{what} holds a score for each base at each position, and something else was "
                "written",
                why="sites must be of width 1, and the alternatives each letter in the order of "
                "the channels",
                attempt="h5, zarr or tsv; or compile and run with the default alternatives",
            )
        starts = np.asarray(header.sites)[:, 0]
        sites = np.argsort(starts, kind="stable")
        first, last = int(starts[sites[0]]), int(starts[sites[-1]])
        if not np.array_equal(starts[sites], np.arange(first, last + 1)):
            raise InputError(
                f"{what} holds a score for every position of a stretch, and the plan leaves some "
                f"out between {first} and {last}",
                attempt="h5, zarr or tsv, which hold any; or compile with --sites "
                f"{first}:{last + 1}",
            )
        columns = [alphabet.index(letter) for letter in order]
        return cls(
            chosen, first, last + 1, sites, [channels[column] for column in columns], columns
        )

    @property
    def width(self) -> int:
        """Positions of the stretch."""
        return self.stop - self.start

    def one_hot(self, rows: Rows) -> Array:
        """The sequences, (n, width, 4) int8."""
        held = rows.sequences[:, self.start : self.stop][:, :, self.channels]
        return np.asarray(held, np.int8)

    def scores(self, rows: Rows) -> Array:
        """The scores, (n, width, 4, numbers)."""
        return np.asarray(self.chosen.of(rows)[:, self.sites][:, :, self.columns])

    def regions(self, rows: Rows) -> list[Region]:
        """Where the stretch of each sequence lies; a sequence of no genome is one of its own."""
        given = rows.regions
        if given is None:
            return [Region(name, self.start, self.stop, "+") for name in rows.names]
        return [self._part(region) for region in given]

    def _part(self, region: Region) -> Region:
        if region.reversed:
            start, end = region.end - self.stop, region.end - self.start
        else:
            start, end = region.start + self.start, region.start + self.stop
        return replace(region, start=start, end=end)


def one_matrix(header: Header, options: Options, default: str, what: str) -> Matrix:
    """The matrix of one number of one output. Raises InputError for a run that has none."""
    return Matrix.of(header, Chosen.one(header, options, default, what), what)


def half(values: Array, what: str) -> Array:
    """Scores as float16; those beyond its range as its largest number, and a warning says so."""
    beyond = int((np.abs(values) > _LARGEST).sum())
    if beyond:
        warnings.warn(
            f"{beyond:,} scores are beyond {_LARGEST:,.0f}, the largest number that {what} can "
            "hold, and are stored as that",
            FastismWarning,
            stacklevel=2,
        )
    return np.clip(values, -_LARGEST, _LARGEST).astype(np.float16)


def texts(values: Sequence[str]) -> Array:
    """Names as HDF5 takes them from other tools: bytes of one width."""
    encoded = [value.encode() for value in values]
    return np.asarray(encoded, dtype=f"S{max(map(len, encoded), default=1) or 1}")
