"""How much memory a run may take."""

from __future__ import annotations

import os


def default_memory() -> int:
    """A quarter of the memory that is free now, in bytes."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not on this platform
        return 1 << 30
    return max(int(free) // 4, 1 << 28)
