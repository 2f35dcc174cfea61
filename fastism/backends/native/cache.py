"""Compiled code kept for the next process, in a folder of the user's.

A file holds the code of one graph. Its name is a hash of the LLVM IR, of the CPU and its features,
and of the versions of llvmlite and LLVM; it begins with the hash of what follows, so that a file
cut short counts as none. ``FASTISM_CACHE`` names another folder; empty, it switches the cache off.
A folder that cannot be written is no error: the code is compiled again next time.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

import llvmlite
import llvmlite.binding as llvm
import platformdirs

from fastism.backends.native.machine import Machine

VARIABLE: Final = "FASTISM_CACHE"
DIGEST: Final = 32
"""Bytes of a SHA-256 hash."""


def folder() -> Path | None:
    """Where compiled code is kept; None if nowhere."""
    said = os.environ.get(VARIABLE)
    if said is None:
        return Path(platformdirs.user_cache_dir("fastism", appauthor=False)) / "native"
    return Path(said) if said else None


def key(text: str, machine: Machine) -> str:
    """The name of the file for a module of LLVM IR on a machine."""
    parts = (text, machine.cpu, machine.features, llvmlite.__version__, str(llvm.llvm_version_info))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def found(name: str) -> bytes | None:
    """The code kept under a name, if it is there and whole."""
    place = folder()
    if place is None:
        return None
    try:
        content = (place / name).read_bytes()
    except OSError:
        return None
    digest, code = content[:DIGEST], content[DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def keep(name: str, code: bytes) -> None:
    """Keep code under a name; where that cannot be written, do nothing."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(file.name, place / name)
    except OSError:
        return
