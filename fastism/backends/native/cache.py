"""Compiled code kept for the next process (`fastism.caching`).

A file holds the code of one graph. Its name is a hash of what the graph's loops depend on, of the
code that writes them, of the CPU and its features, and of versions.
"""

from __future__ import annotations

import hashlib
from typing import Final

import llvmlite
import llvmlite.binding as llvm

from fastism import caching
from fastism.backends.native.machine import Machine

KIND: Final = "native"


def key(described: str, machine: Machine) -> str:
    """The name of the file for what is described, on a machine."""
    versions = llvmlite.__version__, str(llvm.llvm_version_info)
    written_by = caching.code_of("fastism.backends.native")
    parts = described, written_by, machine.cpu, machine.features, *versions
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def found(name: str) -> bytes | None:
    """The code kept under a name, if it is there and whole."""
    return caching.found_whole(KIND, name)


def keep(name: str, code: bytes) -> None:
    """Keep code under a name; where that cannot be written, do nothing."""
    caching.keep_whole(KIND, name, code)
