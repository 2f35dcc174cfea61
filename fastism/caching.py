"""Where what was worked out on this machine is kept for the next process.

``FASTISM_CACHE`` names a folder; empty, it switches keeping off. A folder that cannot be written is
no error: things are worked out again next time. Of each kind so many files are kept, those that
were asked for last.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

VARIABLE: Final = "FASTISM_CACHE"
DIGEST: Final = 32
"""Bytes of a SHA-256 hash."""
NAME: Final = re.compile("[0-9a-f]{64}")
"""What everything that is kept is called: a hash of what it depends on."""
MOST: Final = 10_000
"""Files of a kind that are kept when a process adds its first: of compiled code, some 100 MB."""


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
        content = (place / name).read_bytes()
    except OSError:
        return None
    with suppress(OSError):
        os.utime(place / name)  # asked for just now
    return content


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
        if place not in _TRIMMED:
            _TRIMMED.add(place)
            _trim(place)
    except OSError:
        return


_TRIMMED: Final[set[Path]] = set()
"""Folders that this process has trimmed."""


def _trim(place: Path) -> None:
    """Remove all but the `MOST` files that were asked for last."""
    kept = [each for each in place.iterdir() if NAME.fullmatch(each.name)]  # others are not ours
    if len(kept) > MOST:
        for each in sorted(kept, key=os.path.getmtime)[:-MOST]:
            each.unlink()


def found_whole(kind: str, name: str) -> bytes | None:
    """What `keep_whole` kept under a name; None also where it was cut short or altered."""
    content = found(kind, name) or b""
    digest, rest = content[:DIGEST], content[DIGEST:]
    return rest if hashlib.sha256(rest).digest() == digest else None


def keep_whole(kind: str, name: str, content: bytes) -> None:
    """Keep something behind its own hash; where that cannot be written, do nothing."""
    keep(kind, name, hashlib.sha256(content).digest() + content)


@functools.cache
def code_of(*packages: str) -> str:
    """The hash of the source of packages and what lies beneath them: other code, another name."""
    digest = hashlib.sha256()
    for package in packages:
        for path, source in sorted(_sources(resources.files(package), package)):
            digest.update(b"\0".join([path.encode(), source, b""]))
    return digest.hexdigest()


def _sources(place: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for each in place.iterdir():
        if each.is_dir():
            if each.name != "__pycache__":
                yield from _sources(each, f"{path}/{each.name}")
        elif each.name.endswith((".py", ".pyc")):
            yield f"{path}/{each.name}", each.read_bytes()
