"""What a run has still to compute, a shard at a time, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from fastism.io.kept import Record
from fastism.io.sources.base import Batch, Source


class Portion(Protocol):
    """What one worker computes at a time: so many (its length), from the ``start``-th on.

    unit: of what, in the plural.
    """

    unit: ClassVar[str]

    @property
    def start(self) -> int:
        """The first, counted from 0."""

    def __len__(self) -> int:
        """How many."""


AnyPortion = TypeVar("AnyPortion", bound=Portion)


def named(portion: Portion) -> str:
    """A portion for a person: counted from 1, the last included."""
    return f"{portion.unit} {portion.start + 1:,} to {portion.start + len(portion):,}"


@dataclass(frozen=True, eq=False)
class Work:
    """A shard that is to be computed: its first sequence, and its batches in order."""

    unit: ClassVar[str] = "sequences"
    start: int
    batches: list[Batch]

    def __len__(self) -> int:
        return sum(map(len, self.batches))

    def numbered(self) -> Iterator[tuple[int, Batch]]:
        """Every batch, with the number of its first sequence."""
        start = self.start
        for batch in self.batches:
            yield start, batch
            start += len(batch)


def work_of(source: Source, record: Record, stretches: Iterable[tuple[int, int]]) -> Iterator[Work]:
    """The shards of stretches of sequences, each of which begins where a shard does.

    A source is read from any sequence on by going over those before, so that each stretch is read
    once, and not each shard.
    """
    for start, stop in stretches:
        held: list[Batch] = []
        at = start
        for read in source.batches(record.batch, start):
            batch = read.first(stop - at)
            held.append(batch)
            at += len(batch)
            if len(held) == record.batches or at == stop:
                yield Work(start, held)
                start, held = at, []
            if at == stop:
                break
