"""A plan folder as bytes and back, for machines that do not share its storage.

Nothing is taken on trust: the manifest must have the hash that was asked for, only files that it
names are written, and loading the plan holds each against its checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from fastism.errors import PlanError
from fastism.io.manifest import MANIFEST, check_inside, read_manifest


def pack(folder: Path) -> dict[str, bytes]:
    """Every file of a plan by its path in the folder. Raises PlanError where one is missing."""
    names = [MANIFEST, *read_manifest(folder)["files"]]
    for name in names:
        if not (folder / name).is_file():
            raise PlanError(f"the plan has lost its file {name}", where=str(folder))
        check_inside(folder, name)
    return {name: (folder / name).read_bytes() for name in names}


def unpack(files: Mapping[str, bytes], folder: Path, sha256: str) -> None:
    """Write a plan that was packed into a folder.

    Raises PlanError where it is not the one of this hash, or would write outside the folder.
    """
    manifest = files.get(MANIFEST, b"")
    if hashlib.sha256(manifest).hexdigest() != sha256:
        raise PlanError("the plan that was sent is not the one that was asked for")
    named = {MANIFEST, *json.loads(manifest)["files"]}
    for name, content in files.items():
        parts = PurePosixPath(name)
        if name not in named or parts.is_absolute() or ".." in parts.parts:
            raise PlanError(f"the plan that was sent holds the file {name}, which it does not name")
        path = folder / parts
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
