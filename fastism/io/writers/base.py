"""What every format of scores is: checked before a run, and written block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.whole import check_file_target
from fastism.io.writers.beside import regions_beside


@dataclass(frozen=True)
class Options:
    """What is wanted of a run's scores in one file.

    score: a definition of `fastism.scores`; None for the one that the format's readers expect.
    output: which output of the model; None for the only one. targets: which numbers of it, by their
    indices; None for all, or the only one. chromosomes: lengths by name, in order. compression:
    ``"gzip"`` or none.
    """

    score: str | None = None
    output: str | None = None
    targets: tuple[tuple[int, ...], ...] | None = None
    chromosomes: Mapping[str, int] | None = None
    compression: str | None = None


class Writer(Protocol):
    """A file, or folder, that is being written."""

    def append(self, rows: Rows) -> None:
        """Add sequences and their scores."""

    def close(self) -> None:
        """The last sequence was added: make the file whole."""


class Format(ABC):
    """A way to store scores.

    name: as ``--format`` takes it. suffixes: of the names by which it is known, the usual one
    first. about: what it is, in a line. parts: the files that it is, in a folder; none for a format
    that is one file.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    about: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def check(self, header: Header, options: Options) -> None:
        """Raise InputError, before anything is computed, for what this format cannot hold."""

    @abstractmethod
    def size(self, header: Header, options: Options, sequences: int) -> int:
        """About how many bytes so many sequences take on disk."""

    @abstractmethod
    def open(self, path: Path, header: Header, options: Options, sequences: int) -> Writer:
        """Begin to write so many sequences where nothing is; for `parts`, into an empty folder."""

    def check_path(self, path: Path, *, force: bool) -> None:
        """Raise InputError if scores must not, or cannot, be written at ``path``."""
        check_file_target(path, force=force)

    def regions_path(self, path: Path) -> Path:
        """Where the regions of the sequences go, beside ``path``."""
        return regions_beside(path)
