"""Formats by name, and by the names of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fastism.errors import InputError, did_you_mean
from fastism.io.writers.base import Format
from fastism.io.writers.h5 import H5

_FORMATS: tuple[Format, ...] = (H5(),)
FORMATS: Mapping[str, Format] = MappingProxyType({each.name: each for each in _FORMATS})
"""Every format, by the name that ``--format`` takes."""


def named(name: str) -> Format:
    """The format of a name. Raises InputError if there is none."""
    if name not in FORMATS:
        raise InputError(
            f"there is no format {name!r}",
            why=f"the formats are {', '.join(FORMATS)}",
            attempt=did_you_mean(name, FORMATS),
        )
    return FORMATS[name]


def of_path(path: Path) -> Format:
    """The format that a file's name ends in. Raises InputError if none does."""
    name = path.name.lower()
    for each in FORMATS.values():
        if any(name.endswith(suffix) for suffix in each.suffixes):
            return each
    known = ", ".join(f"{each.suffixes[0]} ({each.name})" for each in _FORMATS if each.suffixes)
    raise InputError(
        f"the name {path} does not say in which format scores are to be written",
        why=f"known endings: {known}",
        attempt=f"one of these endings, or the format before the name: h5:{path}",
    )
