"""Variants as questions: plain data, which a plan in another process can be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from fastism.io.kept import Record
from fastism.io.regions import Region
from fastism.io.variants.flags import SCORED
from fastism.io.variants.variant import Variant
from fastism.variants.alleles import Reader
from fastism.variants.windows import Windows


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of some rows, each a variant in one of its windows.

    rows: how many there are; some cannot be scored. windows: the letters of windows.
    substitutions: of those that write over letters: the row, the window, the position in it, and
    the letters. whole: sequences that are predicted whole, for moved: the rows of insertions and
    deletions, each with the sequences without it and with it.
    """

    rows: int
    windows: list[str]
    substitutions: list[tuple[int, int, int, str]]
    whole: list[str]
    moved: list[tuple[int, int, int]]


@dataclass(frozen=True, eq=False)
class Piece:
    """The questions of ``count`` variants of a file, from the ``start``-th on."""

    unit: ClassVar[str] = "variants"
    start: int
    count: int
    questions: list[Question]

    def __len__(self) -> int:
        return self.count


def rows_of(variants: Iterable[Variant], windows: Windows) -> Iterator[tuple[Variant, Region]]:
    """Every variant in each of its windows, in their order."""
    for variant in variants:
        for window in windows.of(variant):
            yield variant, window


def pieces(
    variants: Iterable[Variant],
    record: Record,
    missing: Sequence[tuple[int, int]],
    reader: Reader,
    windows: Windows,
    most: int,
) -> Iterator[Piece]:
    """The parts of a run that are missing, in questions of at most so many rows.

    variants: all of the file's, which begins with the first of the run.
    """
    every = iter(variants)
    for start, stop in record.bounds():
        held = islice(every, stop - start)
        if not any(first <= start < last for first, last in missing):
            for _ in held:
                pass
            continue
        rows, questions = rows_of(held, windows), []
        while some := list(islice(rows, most)):
            questions.append(_question(some, reader))
        yield Piece(start, stop - start, questions)


def edits_of(
    variants: Iterable[Variant], reader: Reader, windows: Windows
) -> Counter[tuple[int, int]]:
    """How many substitutions there are by their position in their windows and their width."""
    found: Counter[tuple[int, int]] = Counter()
    for variant, window in rows_of(variants, windows):
        written = reader.substitution(variant, window)
        room = window.end - window.start
        if written is not None and 0 <= written.position <= room - len(written.letters):
            found[written.position, len(written.letters)] += 1
    return found


def _question(held: Sequence[tuple[Variant, Region]], reader: Reader) -> Question:
    windows: dict[Region, int] = {}
    references: dict[Region, int] = {}
    question = Question(len(held), [], [], [], [])
    for row, (variant, window) in enumerate(held):
        if reader.flag(variant, window) not in SCORED:
            continue
        written = reader.substitution(variant, window)
        if written is not None:
            if window not in windows:
                windows[window] = len(windows)
                question.windows.append(reader.sequence(window))
            edit = row, windows[window], written.position, written.letters
            question.substitutions.append(edit)
            continue
        if window not in references:
            references[window] = len(question.whole)
            question.whole.append(reader.sequence(window))
        question.moved.append((row, references[window], len(question.whole)))
        question.whole.append(reader.mutant(variant, window))
    return question
