"""The library that reads genomes and variants, where it is installed."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from fastism.errors import require_extra

BGZF = b"\x1f\x8b\x08\x04"
"""How a file in blocks of gzip begins, which can be read from the middle."""
GZIP = BGZF[:2]


def is_plain_gzip(path: Path) -> bool:
    """Whether a file is compressed by gzip, and not in the blocks of bgzip."""
    with path.open("rb") as file:
        begins = file.read(len(BGZF))
    return begins.startswith(GZIP) and begins != BGZF


def load_pysam(purpose: str) -> ModuleType:
    """pysam, its own log lines silenced. Raises InputError where it is not installed.

    purpose: what asks for it, as the subject of a sentence.
    """
    require_extra("genomics", purpose, "pysam")
    import pysam

    pysam.set_verbosity(0)
    return pysam
