"""Which CPU this is, as far as speeds go: what was measured on another is not read back."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec


def cpu() -> tuple[str | int | None, ...]:
    """Its kind, and how many cores this process may use; as LLVM knows it where it is installed."""
    known: tuple[str | int | None, ...] = (
        platform.machine(),
        platform.processor(),
        _cores(),
    )
    if find_spec("llvmlite") is None:
        return known
    from fastism.backends.native.machine import host

    return (*known, host().cpu, host().features)


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
