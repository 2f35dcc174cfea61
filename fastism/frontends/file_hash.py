"""What a model file is known by: the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from fastism.errors import ModelError, reason


def file_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, or of a folder's names and files, in hexadecimal.

    Raises ModelError if it cannot be read.
    """
    digest = hashlib.sha256()
    root = Path(path)
    try:
        if root.is_dir():
            for file in sorted(file for file in root.rglob("*") if file.is_file()):
                name = file.relative_to(root).as_posix()
                digest.update(f"{name}\0{file_hash(file)}\n".encode())
            return digest.hexdigest()
        with root.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ModelError(f"cannot read the model file {str(path)!r}", why=reason(error)) from None
    return digest.hexdigest()
