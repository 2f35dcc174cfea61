"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastism.errors import InputError


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path from the root, with ``.`` and ``..`` worked out; symbolic links stay."""
    return Path(os.path.abspath(path))


def check_parent(path: Path) -> None:
    """Raises InputError if the folder to write into is missing or closed to us."""
    parent = absolute(path).parent
    if not parent.is_dir():
        raise InputError(
            f"{path} cannot be written",
            why=f"there is no folder {parent}",
            attempt=f"mkdir -p {parent}",
        )
    if not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be written", why=f"no right to write into {parent}")


def check_file_target(path: Path, *, force: bool) -> None:
    """Raises InputError if a file must not, or cannot, be written at ``path``."""
    check_parent(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder, and a file is to be written there")
    if path.exists() and not force:
        raise InputError(f"{path} exists already", attempt="another name, or --force to replace it")


def check_not_read(path: Path, *read: Path) -> None:
    """Raises InputError if a target is, or lies in, what the same command reads."""
    target = path.resolve()
    for source in (each.resolve() for each in read):
        if target == source or source in target.parents:
            raise InputError(
                f"{path} cannot be written",
                why=f"this command reads {source}",
                attempt="another name for the output",
            )


def check_folder_target(path: Path) -> None:
    """Raises InputError if files cannot be written into a folder at ``path``, there or not."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file, and a folder is to be written there")
    check_parent(path / "file" if path.exists() else path)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write at, which takes the place of ``path`` when the block ends well.

    Whatever stood at ``path`` goes only once the new file or folder is whole. After any error, an
    interrupt included, ``path`` is as it was and nothing is left beside it.
    """
    path = absolute(path)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as holding:
        new = Path(holding) / path.name
        yield new
        take_place(new, path, aside=Path(holding) / "replaced")


def take_place(new: Path, path: Path, *, aside: Path) -> None:
    """Rename a whole file or folder to ``path``; a folder that stood there goes ``aside``.

    All three lie on one file system. After any error ``path`` is as it was.
    """
    if path.is_dir():  # a folder cannot be renamed over another
        path.rename(aside)
    try:
        new.replace(path)
    except BaseException:
        if aside.exists():
            aside.rename(path)
        raise


def settle(path: Path) -> None:
    """Let what was written into a file, or the names in a folder, outlast a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
