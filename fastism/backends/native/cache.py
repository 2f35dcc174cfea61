"""Compiled code kept for the next process (`fastism.caching`).

A file holds the code of one graph. Its name is a hash of what the graph's loops depend on, of the
code that writes them, of the CPU and its features, and of versions; it begins with the hash of what
follows, so that a file cut short counts as none.
"""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import Final

import llvmlite
import llvmlite.binding as llvm

from fastism import caching
from fastism.backends.native.machine import Machine

KIND: Final = "native"
DIGEST: Final = 32
"""Bytes of a SHA-256 hash."""


def key(described: str, machine: Machine) -> str:
    """The name of the file for what is described, on a machine."""
    versions = llvmlite.__version__, str(llvm.llvm_version_info)
    parts = described, _written_by(), machine.cpu, machine.features, *versions
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _written_by() -> str:
    """The hash of the files beside this one, which write the code."""
    files = sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
    sources = [file.read_bytes() for file in files if file.name.endswith((".py", ".pyc"))]
    return hashlib.sha256(b"\0".join(sources)).hexdigest()


def found(name: str) -> bytes | None:
    """The code kept under a name, if it is there and whole."""
    content = caching.found(KIND, name)
    if content is None:
        return None
    digest, code = content[:DIGEST], content[DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def keep(name: str, code: bytes) -> None:
    """Keep code under a name; where that cannot be written, do nothing."""
    caching.keep(KIND, name, hashlib.sha256(code).digest() + code)
