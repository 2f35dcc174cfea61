"""Scores to files: written side by side under other names, and all there together at the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from fastism.io.header import Header
from fastism.io.partial import claimed
from fastism.io.room import check_room, said_if_full
from fastism.io.rows import Rows, even
from fastism.io.scores import rows_a_block
from fastism.io.whole import check_file_target, settle, take_place
from fastism.io.writers.base import Format, Options, Writer
from fastism.io.writers.beside import (
    ArgumentsWriter,
    RegionsWriter,
    arguments_path,
    arguments_text,
)

Place: TypeAlias = Callable[[Path, Path], Path]
"""Where to write, in a folder that is claimed, what is to become a path."""


@dataclass(frozen=True)
class Target:
    """A file, or folder of files, of scores that is wanted."""

    path: Path
    format: Format
    options: Options = field(default_factory=Options)

    def files(self, regions: bool = True) -> list[Path]:
        """Everything that is written for it, the regions used last."""
        scores = [self.path / part for part in self.format.parts] or [self.path]
        used = [self.format.regions_path(self.path)] if regions else []
        return [*scores, arguments_path(self.path), *used]

    def check(self, *, force: bool) -> None:
        """Raise InputError if it, or what goes beside it, must not or cannot be written."""
        self.format.check_path(self.path, force=force)
        for path in self.files()[-2:]:
            check_file_target(path, force=force)


def write_files(
    targets: Sequence[Target],
    header: Header,
    blocks: Iterable[Rows],
    sequences: int,
    *,
    force: bool = False,
) -> None:
    """Write so many sequences and their scores to every target; all appear, or none.

    Raises InputError where a target exists (unless ``force``), cannot hold the scores, or is being
    written by another run.
    """
    check_all(targets, header, sequences, force=force)
    with claims([target.path for target in targets]) as folders:
        publish(targets, folders, header, blocks, sequences, force=force)


def check_all(
    targets: Sequence[Target], header: Header, sequences: int, *, force: bool, beside: int = 0
) -> None:
    """Raise InputError where targets must not be written, cannot hold the scores, or have no room.

    beside: bytes that lie next to the first target until all are written. What is compressed is
    taken to need no room, as nobody knows how much it does.
    """
    needed = [(targets[0].path, beside)]
    for target in targets:
        target.check(force=force)
        target.format.check(header, target.options)
        if target.options.compression is None:
            size = target.format.size(header, target.options, sequences)
            needed.append((target.path, size))
    check_room(needed)


def are_whole(targets: Sequence[Target], header: Header) -> bool:
    """Whether all targets are there, written by a run that was asked for the very same."""
    text = arguments_text(header)
    return all(
        all(path.exists() for path in target.files(header.regions))
        and arguments_path(target.path).read_text(encoding="utf-8") == text
        for target in targets
    )


@contextmanager
def claims(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """A folder beside each of these, see `claimed`."""
    with ExitStack() as stack:
        yield [stack.enter_context(claimed(path)) for path in paths]


def publish(
    targets: Sequence[Target],
    folders: Sequence[Path],
    header: Header,
    blocks: Iterable[Rows],
    sequences: int,
    *,
    force: bool,
    begun: Path | None = None,
) -> None:
    """`write_files` by way of folders that are claimed; what else is in them stays.

    begun: an empty file that is made once all is written and the names begin to change: where it
    is found, those of the targets that exist are of this very run.
    """

    def check() -> None:
        for target in targets:
            target.check(force=force)

    with (
        said_if_full([target.path for target in targets]),
        releasing(folders, check, begun=begun) as place,
    ):
        writers = [
            writer
            for target, folder in zip(targets, folders, strict=True)
            for writer in _opened(target, partial(place, folder), header, sequences)
        ]
        for rows in even(blocks, rows_a_block(header)):
            for writer in writers:
                writer.append(rows)
        for writer in writers:
            writer.close()


@contextmanager
def releasing(
    folders: Sequence[Path], check: Callable[[], object], *, begun: Path | None = None
) -> Iterator[Place]:
    """In it files are written under other names; after it, all are given their own together.

    folders: that are claimed. check: raises where the names must not be taken. begun: as of
    `publish`.
    """
    renames: list[tuple[Path, Path]] = []
    with ExitStack() as stack:
        holding = {folder: stack.enter_context(_empty(folder)) for folder in folders}

        def place(folder: Path, path: Path) -> Path:
            renames.append((holding[folder] / path.name, path))
            return renames[-1][0]

        yield place
        check()
        if begun is not None:
            begun.touch()
        for new, path in renames:
            _rename(new, path)


@contextmanager
def _empty(folder: Path) -> Iterator[Path]:
    """A folder in it with nothing in it, which goes after the block."""
    new = folder / "new"
    shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
    new.mkdir()
    try:
        yield new
    finally:
        shutil.rmtree(new)


def _opened(
    target: Target, place: Callable[[Path], Path], header: Header, sequences: int
) -> Iterator[Writer]:
    """What writes a target, and what goes beside it. place: where to write what becomes a path."""
    new = place(target.path)
    if target.format.parts:
        new.mkdir()
    yield target.format.open(new, header, target.options, sequences)
    arguments, regions = target.files()[-2:]
    yield ArgumentsWriter(place(arguments), header)
    if header.regions:
        yield RegionsWriter(place(regions))


def _rename(new: Path, path: Path) -> None:
    """Give what is whole its own name; into a folder that is there, file by file."""
    if new.is_dir() and path.is_dir() and not any(entry.is_dir() for entry in new.iterdir()):
        for entry in sorted(new.iterdir()):
            _rename(entry, path / entry.name)
        return
    settle(new)
    take_place(new, path, aside=new.with_name(f"{new.name}.replaced"))
    settle(path.parent)
