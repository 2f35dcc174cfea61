"""The folder beside an output that holds what is not whole yet, and keeps other runs out."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fastism.errors import InputError
from fastism.io.whole import absolute

_LOCK, _HOLDER = "lock", "holder.json"
ENDED = "ended"
"""A file in the folder of a run that is over: only the folder is still to go."""


def partial_path(path: Path) -> Path:
    """``scores.h5.partial`` beside ``scores.h5``."""
    path = absolute(path)
    return path.with_name(f"{path.name}.partial")


@contextmanager
def claimed(path: Path) -> Iterator[Path]:
    """The folder beside ``path``, made if need be; in the block nobody else has it.

    After the block it goes, unless something else than its own files is left in it. The system
    frees it when a process ends, however it ends. Raises InputError while another holds it.
    """
    folder = partial_path(path)
    lock = FileLock(folder / _LOCK, timeout=0)
    while True:
        folder.mkdir(exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise InputError(
                f"another run is writing {path}",
                why=_holder(folder),
                attempt="wait for it, or another name for the output",
            ) from None
        if (folder / _LOCK).exists():
            break
        lock.release()  # its last holder took the folder away between our two steps
    try:
        _note_holder(folder)
        yield folder
    finally:
        (folder / _HOLDER).unlink(missing_ok=True)
        if {entry.name for entry in folder.iterdir()} <= {_LOCK, ENDED}:
            for name in (_LOCK, ENDED):
                (folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # somebody who waits for it has just opened the lock again
                folder.rmdir()
        lock.release()


def discard(folder: Path) -> None:
    """Empty a folder that is claimed; that it has ended is still said in it."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in (_LOCK, _HOLDER, ENDED):
            entry.unlink()


def _note_holder(folder: Path) -> None:
    holder = {"process": os.getpid(), "machine": socket.gethostname()}
    (folder / _HOLDER).write_text(json.dumps(holder), encoding="utf-8")


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
        return f"process {holder['process']} on {holder['machine']} holds {folder}"
    except (OSError, ValueError, KeyError):
        return f"{folder} is held"
