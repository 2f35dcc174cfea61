"""fastism's own scores file: the predictions themselves, from which every score is made."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from fastism.errors import InputError
from fastism.io.header import Header
from fastism.io.scores import ScoresWriter
from fastism.io.writers.base import Format, Options

NAME_BYTES = 64
"""About what the name of a sequence takes."""


class H5(Format):
    """`fastism.io.scores`: everything, as the model gives it."""

    name: ClassVar[str] = "h5"
    suffixes: ClassVar[tuple[str, ...]] = (".h5", ".hdf5")
    about: ClassVar[str] = "fastism's own: the predictions, of which every other format is made"

    def check(self, header: Header, options: Options) -> None:
        refuse_choice("a scores file", options)

    def size(self, header: Header, options: Options, sequences: int) -> int:
        return sequences * (header.bytes_a_sequence + NAME_BYTES)

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> ScoresWriter:
        return ScoresWriter(path, header, compression=options.compression)


def refuse_choice(what: str, options: Options) -> None:
    """Raise InputError for options that choose, where a format keeps everything."""
    chosen = {
        "--score": options.score not in (None, "raw"),
        "--output-name": options.output is not None,
        "--target": options.targets is not None,
    }
    for option in (option for option, given in chosen.items() if given):
        raise InputError(
            f"{option} says nothing of {what}",
            why="it keeps the predictions of every output, from which each score is made",
            attempt=f"leave {option} out; fastism convert makes other files of this one",
        )
