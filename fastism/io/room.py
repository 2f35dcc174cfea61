"""Whether what is to be written has room on its disks."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastism.errors import InputError
from fastism.io.whole import absolute


def check_room(needed: Iterable[tuple[Path, int]]) -> None:
    """Raise InputError where files of so many bytes, to be written at these paths, do not fit.

    Files of one disk are counted together.
    """
    disks: dict[int, list[tuple[Path, int]]] = {}
    for path, size in needed:
        folder = absolute(path).parent
        disks.setdefault(os.stat(folder).st_dev, []).append((path, size))
    for files in disks.values():
        total = sum(size for _, size in files)
        folder = absolute(files[0][0]).parent
        free = shutil.disk_usage(folder).free
        if total > free:
            raise InputError(
                f"there is no room for {', '.join(dict.fromkeys(str(path) for path, _ in files))}",
                why=f"{in_words(total)} are written, and {in_words(free)} are free in {folder}",
                attempt="a folder on another disk, fewer outputs, or --compression gzip",
            )


@contextmanager
def said_if_full(paths: Iterable[Path]) -> Iterator[None]:
    """In it a disk may turn out to be full: an InputError that says so, of what is written."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise InputError(
            f"the disk is full: no room for {', '.join(map(str, paths))}",
            attempt="make room, then the same command; of a run, with --resume",
        ) from error


def disk_taken(folder: Path) -> int:
    """Bytes of the files in a folder; 0 where there is none."""
    return sum(path.stat().st_size for path in folder.glob("*.h5"))


def in_words(size: float) -> str:
    """``812 bytes``, ``3.4 MB``, ``12.0 GB``."""
    if size < 1000:
        return f"{size:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:,.1f} TB"
