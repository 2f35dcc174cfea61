"""What is written beside every file of scores: what was asked for, and the regions used."""

from __future__ import annotations

import json
from pathlib import Path

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.versions import versions


def arguments_path(path: Path) -> Path:
    """Where the arguments of a run are recorded: ``scores.h5.args.json`` beside ``scores.h5``."""
    return path.with_name(path.name + ".args.json")


def regions_beside(path: Path) -> Path:
    """Where the regions that were used go: ``scores.h5.regions.bed`` beside ``scores.h5``."""
    return path.with_name(path.name + ".regions.bed")


def arguments_text(header: Header) -> str:
    """What a run was asked for, hashes of what it read, and the versions it ran with, as JSON."""
    attributes = header.attributes
    content = {
        "arguments": json.loads(attributes.get("arguments", "{}")),
        "read": {name: attributes[name] for name in attributes if name.endswith("_sha256")},
        "versions": versions(),
    }
    return json.dumps(content, indent=2) + "\n"


class ArgumentsWriter:
    """`arguments_text`, in a file."""

    def __init__(self, path: Path, header: Header) -> None:
        path.write_text(arguments_text(header), encoding="utf-8")

    def append(self, rows: Rows) -> None:
        """Nothing of the sequences is recorded."""

    def close(self) -> None:
        """It is whole from the start."""


class RegionsWriter:
    """A narrowPeak file, a row a sequence, which read again gives the same regions.

    Readers centre on start + column 10. A region that begins before its chromosome is cut there,
    as no BED file holds a negative start, and column 10 still points at its middle.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")

    def append(self, rows: Rows) -> None:
        for name, region in zip(rows.names, rows.regions or (), strict=True):
            start = max(region.start, 0)
            summit = region.start + (region.end - region.start) // 2 - start
            fields = (region.chrom, start, region.end, name, 0, region.strand, 0, -1, -1, summit)
            self._file.write("\t".join(map(str, fields)) + "\n")

    def close(self) -> None:
        self._file.close()
