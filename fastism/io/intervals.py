"""Intervals in: a BED file of regions within the sequences."""

from __future__ import annotations

from pathlib import Path

from fastism.errors import InputError


def read_intervals(path: str | Path) -> list[tuple[int, int]]:
    """The ``[start, stop)`` of every row, counted from 0 at the start of each sequence.

    Comments, ``track`` and ``browser`` lines and columns after the third are passed over. The first
    column may hold one name only: a plan edits the same sites in every sequence.

    Raises InputError, naming the line, for a file that is missing, empty, or not such a BED file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no BED file {path}")
    names: set[str] = set()
    found: list[tuple[int, int]] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read", why=str(error)) from error
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0].startswith("#") or fields[0] in ("track", "browser"):
            continue
        bounds = fields[1:3]
        if len(bounds) < 2 or not all(bound.isdecimal() for bound in bounds):
            raise _wrong(path, number, "a row must read: name, start, stop")
        start, stop = map(int, bounds)
        if stop <= start:
            raise _wrong(path, number, f"[{start}, {stop}) holds no position")
        names.add(fields[0])
        if len(names) > 1:
            why = "every sequence is edited at the same sites, so there can be only one name"
            raise _wrong(path, number, why)
        found.append((start, stop))
    if not found:
        raise InputError(f"{path} holds no interval")
    return found


def _wrong(path: Path, number: int, why: str) -> InputError:
    return InputError(f"line {number} of {path} cannot be used", why=why)
