"""Intervals in: a BED file of regions within the sequences."""

from __future__ import annotations

from pathlib import Path

from fastism.errors import InputError
from fastism.io.bed import bed_lines, bounds, unusable


def read_intervals(path: str | Path) -> list[tuple[int, int]]:
    """The ``[start, stop)`` of every row, counted from 0 at the start of each sequence.

    Comments, ``track`` and ``browser`` lines and columns after the third are passed over. The first
    column may hold one name only: a plan edits the same sites in every sequence.

    Raises InputError, naming the line, for a file that is missing, empty, or not such a BED file.
    """
    path = Path(path)
    names: set[str] = set()
    found: list[tuple[int, int]] = []
    for number, fields in bed_lines(path):
        found.append(bounds(path, number, fields))
        names.add(fields[0])
        if len(names) > 1:
            why = "every sequence is edited at the same sites, so there can be only one name"
            raise unusable(path, number, why)
    if not found:
        raise InputError(f"{path} holds no interval")
    return found
