"""A run that goes on where it was stopped: its shards, what `fastism.io.kept` keeps of it.

A shard is a scores file of some sequences of the run, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fastism.io.computed import computed, machines_of, this_machine
from fastism.io.header import Header
from fastism.io.kept import Kept
from fastism.io.rows import Rows
from fastism.io.scores import ScoresReader, ScoresWriter, blocks_of


class Shards(Kept):
    """The shards in a folder that is claimed."""

    unit: ClassVar[str] = "sequences"
    suffix: ClassVar[str] = ".h5"

    def write(self, start: int, header: Header, rows: Rows, machine: str | None = None) -> None:
        """Keep a shard. machine: who computed it, if not this one. Raises as `keep`."""
        signed = computed(header, [(machine or this_machine(), len(rows))])

        def write(path: Path) -> None:
            writer = ScoresWriter(path, signed)
            writer.append(rows)
            writer.close()

        self.keep(start, write)

    def row(self, index: int) -> Rows:
        """One sequence of those that are done."""
        start = max(first for first, _ in self.record.bounds() if first <= index)
        with ScoresReader(self._path(start)) as reader:
            return reader.rows(index - start, index - start + 1)

    def blocks(self) -> Iterator[Rows]:
        """All sequences and their scores, in order."""
        yield from blocks_of([self._path(start) for start, _ in self.record.bounds()])

    def whole_header(self, header: Header) -> Header:
        """The head of all sequences, with who computed them."""
        machines: list[tuple[str, int]] = []
        for start, _ in self.record.bounds():
            with ScoresReader(self._path(start)) as reader:
                machines += machines_of(reader.header)
        return computed(header, machines)
