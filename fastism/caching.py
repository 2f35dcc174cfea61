"""Where what was worked out on this machine is kept for the next process.

``FASTISM_CACHE`` names a folder; empty, it switches keeping off. A folder that cannot be written is
no error: things are worked out again next time.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import platformdirs

VARIABLE: Final = "FASTISM_CACHE"


def folder(kind: str) -> Path | None:
    """Where things of a kind are kept; None if nowhere."""
    said = os.environ.get(VARIABLE)
    if said is None:
        return Path(platformdirs.user_cache_dir("fastism", appauthor=False)) / kind
    return Path(said) if said else None


def found(kind: str, name: str) -> bytes | None:
    """What is kept under a name; None if nothing is, or it cannot be read."""
    place = folder(kind)
    if place is None:
        return None
    try:
        return (place / name).read_bytes()
    except OSError:
        return None


def keep(kind: str, name: str, content: bytes) -> None:
    """Keep something under a name; where that cannot be written, do nothing."""
    place = folder(kind)
    if place is None:
        return
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
            file.write(content)
        os.replace(file.name, place / name)
    except OSError:
        return
