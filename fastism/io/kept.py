"""What is done of work that may be stopped: whole files in the folder beside its first output.

In the folder (`fastism.io.partial`) lie

    run.json      what the work is: compared, word for word, before anything is added to it
    0000007.h5    the part that begins at sequence 7, whole from the moment it has its name
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar
from uuid import uuid4

from fastism.errors import InputError, reason
from fastism.io.manifest import JSON
from fastism.io.partial import ENDED, claimed, discard, partial_path
from fastism.io.room import said_if_full
from fastism.io.whole import settle

RECORD = "run.json"
_BEGUN = "renaming"
_VERSION = 1

Self = TypeVar("Self", bound="Kept")


@dataclass(frozen=True)
class Record:
    """What a run is.

    identity: of plan, sequences and options, each by the words that a user knows it by; a run goes
    on only where all are the same. count: of all sequences, or variants, there are. batch: how many
    are computed together. memory: bytes for running chunks. start, stop: which of them the run is
    for, all of them unless said. batches: how many of them a shard holds. All but the identity are
    kept to when the run goes on, so that it computes the same sums in the same order.
    """

    identity: Mapping[str, JSON]
    count: int
    batch: int
    memory: int
    start: int = 0
    stop: int | None = None
    batches: int = 1

    @property
    def end(self) -> int:
        """The first sequence that is not of the run any more."""
        return self.count if self.stop is None else self.stop

    def bounds(self) -> Iterator[tuple[int, int]]:
        """The first sequence of every shard, and the first of the next."""
        step = self.batch * self.batches
        for start in range(self.start, self.end, step):
            yield start, min(start + step, self.end)


def differences(before: Mapping[str, JSON], now: Mapping[str, JSON]) -> list[str]:
    """What is otherwise in one identity than in another, a line each."""
    return [
        f"{name} was {_short(before.get(name))}, and is {_short(now[name])}"
        if name in now
        else f"{name} was {_short(before[name])}, and is not given"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def _short(value: JSON) -> str:
    text = "not given" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}.."


class Kept:
    """The parts in a folder that is claimed.

    unit: what parts are made of, in the plural. suffix: of the files.
    """

    unit: ClassVar[str]
    suffix: ClassVar[str]

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self.record = record

    @classmethod
    def stopped(
        cls: type[Self],
        folder: Path,
        output: Path,
        identity: Mapping[str, JSON],
        *,
        resume: bool,
        force: bool,
    ) -> Self | None:
        """The run that was stopped and is to go on; None where one begins.

        Raises InputError where there is one and neither ``resume`` nor ``force`` says what to do,
        or where the one to go on with is another.
        """
        found = read_record(folder)
        if found is None:
            return None
        if resume:
            said = differences(found.identity, identity)
            if said:
                raise InputError(
                    f"the run that was stopped is not this one, so that {output} cannot go on",
                    why="; ".join(said),
                    attempt="the command it was begun with; or --force alone, to begin anew",
                )
            return cls(folder, found)
        if not force:
            done = cls(folder, found).describe()
            raise InputError(
                f"{partial_path(output).name} holds a run that was stopped: {done}",
                attempt="--resume to go on with it, or --force to begin anew",
            )
        return None

    @classmethod
    def begin(cls: type[Self], folder: Path, record: Record) -> Self:
        """Begin a run where nothing of another is to be kept."""
        discard(folder)
        started = cls(folder, record)
        content = {"format": "fastism run", "version": _VERSION, **vars(record)}
        _write(folder / RECORD, json.dumps(content, indent=2) + "\n")
        return started

    @staticmethod
    def clear_ended(outputs: Sequence[Path]) -> None:
        """Clear away what is left of a run that was stopped when its outputs had their names."""
        if (partial_path(outputs[0]) / ENDED).exists():
            with ExitStack() as stack:
                for output in outputs:
                    discard(stack.enter_context(claimed(output)))

    @staticmethod
    def renaming(output: Path) -> bool:
        """Whether a run was stopped while its outputs were given their names."""
        return (partial_path(output) / _BEGUN).exists()

    def missing(self) -> list[tuple[int, int]]:
        """The stretches of sequences that are not done; each begins where a shard does."""
        stretches: list[tuple[int, int]] = []
        for start, stop in self.record.bounds():
            if self._path(start).exists():
                continue
            if stretches and stretches[-1][1] == start:
                start = stretches.pop()[0]
            stretches.append((start, stop))
        return stretches

    def keep(self, start: int, write: Callable[[Path], object]) -> None:
        """Keep a part, whole or not at all. Raises InputError where the disk is full.

        write: makes the file at a path. Several may keep the same part at a time: what they write
        is the same, each under a name of its own until it is whole.
        """
        path = self._path(start)
        new = path.with_suffix(f".{uuid4().hex[:12]}.new")
        try:
            with said_if_full([self.folder]):
                write(new)
                settle(new)
                new.replace(path)
                settle(self.folder)
        finally:
            new.unlink(missing_ok=True)

    @contextmanager
    def kept_if_stopped(self, say: Callable[[str], object]) -> Iterator[None]:
        """In it a run may be stopped: what is done is kept, and said; where nothing is, it goes."""
        try:
            yield
        except BaseException:
            if any(self._path(start).exists() for start, _ in self.record.bounds()):
                say(f"{self.describe()}, and kept: the same command with --resume goes on")
            else:
                self.clear()
            raise

    @property
    def begun(self) -> Path:
        """The file that says that the outputs are being given their names."""
        return self.folder / _BEGUN

    @property
    def left(self) -> int:
        """How many are not done."""
        return sum(stop - start for start, stop in self.missing())

    def describe(self) -> str:
        """How far it is."""
        total = self.record.end - self.record.start
        done = total - self.left
        return f"{done:,} of {total:,} {self.unit} are done"

    def clear(self) -> None:
        """Nothing of the run is kept: it is over, or has not begun in earnest."""
        if self.begun.exists():
            self.begun.rename(self.folder / ENDED)
        discard(self.folder)

    def _path(self, start: int) -> Path:
        return self.folder / f"{start:07d}{self.suffix}"


def read_record(folder: Path) -> Record | None:
    """What run a folder holds; None where it holds none. Raises InputError for another kind."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if (content.pop("format"), content.pop("version")) != ("fastism run", _VERSION):
            raise ValueError("written by another version of fastism")
        return Record(**content)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} cannot be read",
            why=reason(error),
            attempt="--force without --resume, to begin anew",
        ) from error


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    settle(new)
    new.replace(path)
