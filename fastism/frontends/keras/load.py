"""Load a Keras model file, and say clearly why one cannot be loaded."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from fastism.errors import ModelError
from fastism.frontends.keras.model_file import check_model_file

_UNKNOWN = re.compile(r"(?:Could not locate (?:class|function)|Unknown [\w ]+:) '(.+?)'")
"""How Keras names a class or function it does not know, in .keras and in .h5 files."""


def file_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises ModelError if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ModelError(f"cannot read the model file {str(path)!r}", why=error.strerror) from None
    return digest.hexdigest()


def load_model(
    path: str | os.PathLike[str],
    *,
    unsafe: bool = False,
    custom_objects: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Load a ``.keras``, ``.h5`` or ``.hdf5`` file, uncompiled.

    ``custom_objects`` maps names in the file to the user's classes and functions. ``unsafe`` lets
    the file run code it carries (Lambda layers).

    Raises ModelError, with what to try, for a file that is missing, damaged, of another format or
    of weights alone; that carries code while ``unsafe`` is false; or that needs unknown classes.
    """
    path = Path(path)
    check_model_file(path)
    try:
        model = keras.saving.load_model(
            path, custom_objects=dict(custom_objects or {}), compile=False, safe_mode=not unsafe
        )
    except Exception as error:  # Keras raises many types for one cause
        raise _explained(path, str(error)) from None
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"the file {path.name!r} does not hold a model",
            why=f"it holds a {type(model).__name__}",
            attempt="save the whole model with model.save('model.keras')",
        )
    return model


def _explained(path: Path, message: str) -> ModelError:
    """One clear statement of why Keras refused a file, from what Keras says."""
    what = f"cannot load the model file {path.name!r}"
    if "safe_mode" in message or "enable_unsafe_deserialization" in message:
        return ModelError(
            what,
            why="it carries Python code of its own (a Lambda layer), which loading it would run",
            attempt="if you trust the file, unsafe=True (--unsafe on the command line)",
        )
    unknown = _UNKNOWN.search(message)
    if unknown:
        name = unknown[1].split(">")[-1]
        return ModelError(
            what,
            why=f"it uses {name}, which is not part of Keras",
            attempt=f"supply the code: custom_objects={{{name!r}: {name}}}",
        )
    return ModelError(
        what,
        why=first_line(message),
        attempt="load it in Python with the version of Keras that wrote it, and pass the model",
    )


def first_line(message: str) -> str:
    """The first line of a message of Keras that says something, shortened."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    line = lines[0] if lines else "Keras gives no reason"
    return line if len(line) <= 200 else line[:197] + "..."
