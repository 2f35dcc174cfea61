"""A run in parts, for jobs that know nothing of each other: ``--shard 3/40``, and what is merged.

Every part is a scores file, whose attribute ``shard`` says which part it is, and of what run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastism.errors import InputError, reason
from fastism.io.header import Header
from fastism.io.kept import differences
from fastism.io.manifest import JSON
from fastism.io.partial import partial_path

ATTRIBUTE = "shard"
_MOST_NAMED = 12


@dataclass(frozen=True)
class Share:
    """The ``number``-th of so many parts, counted from 1."""

    number: int
    parts: int

    @classmethod
    def parse(cls, text: str) -> Share:
        """``3/40``. Raises InputError for other text."""
        match = re.fullmatch(r"(\d+)/(\d+)", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(
                f"--shard {text} is no part of a run",
                why="it must be I/N, the I-th of N parts, counted from 1",
                attempt="--shard 3/40",
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.parts}"

    def bounds(self, sequences: int, batch: int) -> tuple[int, int]:
        """The first sequence of the part, and the first of the next.

        Parts are cut between batches, so that each sequence is computed beside the same others as
        in a run in one piece; within batches where there are fewer of those than parts.
        """
        whole = -(-sequences // batch)
        unit, units = (batch, whole) if whole >= self.parts else (1, sequences)
        cuts = (number * units // self.parts * unit for number in (self.number - 1, self.number))
        start, stop = (min(cut, sequences) for cut in cuts)
        return start, stop


@dataclass(frozen=True)
class Part:
    """What a scores file holds of a run: the sequences ``[start, stop)`` of so many.

    run: what the parts of one run have in common, by the words that a user knows it by.
    """

    share: Share
    start: int
    stop: int
    sequences: int
    run: Mapping[str, JSON]

    def text(self) -> str:
        """As an attribute holds it."""
        return json.dumps({**vars(self), "share": str(self.share), "run": dict(self.run)})

    @classmethod
    def of(cls, header: Header, path: Path, sequences: int) -> Part:
        """The part that a scores file with so many sequences is.

        Raises InputError where it is none, or not whole.
        """
        text = header.attributes.get(ATTRIBUTE)
        if text is None:
            raise InputError(
                f"{path} is a scores file of its own, and no part of a run",
                attempt="fastism convert makes other files of it; parts come from fastism run "
                "--shard I/N",
            )
        try:
            content = json.loads(text)
            part = cls(**{**content, "share": Share.parse(content["share"])})
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{path} does not say which part of a run it is", why=reason(error)
            ) from (error)
        if part.stop - part.start != sequences:
            raise InputError(
                f"{path} is not whole",
                why=f"it holds {sequences:,} of the {part.stop - part.start:,} sequences of "
                f"--shard {part.share}",
            )
        return part


def in_order(parts: Mapping[Path, Part]) -> list[Path]:
    """The files of a run's parts, first to last.

    Raises InputError where they are of several runs, one is there twice, or some are missing.
    """
    files: dict[int, Path] = {}
    (first, model), *_ = parts.items()
    for path, part in parts.items():
        said = differences(_compared(model), _compared(part))
        if said:
            raise InputError(
                f"{path} and {first} are not of one run",
                why="; ".join(said),
                attempt="run that part again as the others were; or merge those of one run",
            )
        number = part.share.number
        if number in files:
            raise InputError(
                f"{files[number]} and {path} are both --shard {part.share}",
                attempt="leave one of them out",
            )
        files[number] = path
    _check_all_there([path.parent for path in parts], files, model.share.parts)
    return [files[number] for number in sorted(files)]


def _compared(part: Part) -> dict[str, JSON]:
    return {**part.run, "the number of parts": part.share.parts}


def _check_all_there(folders: Sequence[Path], files: Mapping[int, Path], parts: int) -> None:
    missing = [number for number in range(1, parts + 1) if number not in files]
    if not missing:
        return
    named = ", ".join(f"{number}/{parts}" for number in missing[:_MOST_NAMED])
    more = len(missing) - _MOST_NAMED
    begun = sorted({each.name for f in set(folders) for each in f.glob(f"*{_SUFFIX}")})
    raise InputError(
        f"{len(missing)} of {parts} parts are missing: {named}"
        + (f" and {more} more" if more > 0 else ""),
        why=f"begun and not ended: {', '.join(begun)}" if begun else None,
        attempt=f"fastism run ... --shard {missing[0]}/{parts} --resume",
    )


_SUFFIX = partial_path(Path("x")).suffix
