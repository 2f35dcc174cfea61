"""Formats by name, and by the names of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from fastism.errors import InputError, did_you_mean
from fastism.io.writers.base import Format
from fastism.io.writers.basenji import Basenji
from fastism.io.writers.bigwig import BigWig
from fastism.io.writers.bpnet import BPNet
from fastism.io.writers.chrombpnet import ChromBPNet
from fastism.io.writers.h5 import H5
from fastism.io.writers.modisco import Modisco
from fastism.io.writers.tsv import Tsv
from fastism.io.writers.zarr import Zarr

_FORMATS: tuple[Format, ...] = (
    *(H5(), Modisco(), ChromBPNet(), BPNet(), Basenji(), BigWig(), Zarr(), Tsv()),
)
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
    """The format that a file's name ends in, by the longest ending. Raises InputError if none."""
    name = path.name.lower()
    endings = [
        (len(suffix), each.name)
        for each in _FORMATS
        for suffix in each.suffixes
        if name.endswith(suffix)
    ]
    if endings:
        return FORMATS[max(endings)[1]]
    known = ", ".join(f"{each.suffixes[0]} ({each.name})" for each in _FORMATS)
    raise InputError(
        f"the name {path} does not say in which format scores are to be written",
        why=f"known endings: {known}",
        attempt=f"one of these endings, or the format before the name: modisco:{path}",
    )
