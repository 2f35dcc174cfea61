"""Compiled code kept for the next process (`fastism.caching`).

A file holds the code of one graph. Its name is a hash of the LLVM IR, of the CPU and its features,
and of the versions of llvmlite and LLVM; it begins with the hash of what follows, so that a file
cut short counts as none.
"""

from __future__ import annotations

import hashlib
from typing import Final

import llvmlite
import llvmlite.binding as llvm

from fastism import caching
from fastism.backends.native.machine import Machine

KIND: Final = "native"
DIGEST: Final = 32
"""Bytes of a SHA-256 hash."""


def key(text: str, machine: Machine) -> str:
    """The name of the file for a module of LLVM IR on a machine."""
    parts = (text, machine.cpu, machine.features, llvmlite.__version__, str(llvm.llvm_version_info))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


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
