"""Load a Keras model file, and say clearly why one cannot be loaded."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import keras

from fastism.errors import ModelError

_HDF5 = (".h5", ".hdf5")


def file_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal. Raises ModelError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"cannot read the model file {str(path)!r}", why=error.strerror
        ) from None


def load_model(
    path: str | os.PathLike[str],
    *,
    unsafe: bool = False,
    custom_objects: Mapping[str, Any] | None = None,
) -> keras.Model:
    """Load a ``.keras``, ``.h5`` or ``.hdf5`` file, uncompiled.

    ``custom_objects`` maps names in the file to the user's classes and functions. ``unsafe`` lets
    the file run code it carries (Lambda layers).

    Raises ModelError, with what to try, for a file that is missing, damaged, of another format, of
    weights alone, that carries code and ``unsafe`` is false, or that needs unknown classes.
    """
    path = Path(path)
    _check_contents(path)
    try:
        model = keras.saving.load_model(
            path, custom_objects=dict(custom_objects or {}), compile=False, safe_mode=not unsafe
        )
    except Exception as error:  # Keras raises many types for one cause; _explain sorts them
        raise _explain(path, error) from None
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"the file {path.name!r} does not hold a model",
            why=f"it holds a {type(model).__name__}",
            attempt="save the whole model with model.save(path)",
        )
    return model


def _check_contents(path: Path) -> None:
    """Raise ModelError for a file that cannot hold a model, before Keras looks at it."""
    if not path.exists():
        raise ModelError(f"there is no model file {str(path)!r}", attempt="check the path")
    if path.is_dir():
        saved = (path / "saved_model.pb").exists()
        raise ModelError(
            f"{str(path)!r} is a folder, not a model file",
            why="Keras 3 does not read the SavedModel format" if saved else None,
            attempt="save the model as one file: model.save('model.keras')",
        )
    if path.suffix == ".keras":
        _check_archive(path)
    elif path.suffix in _HDF5:
        _check_hdf5(path)
    else:
        raise ModelError(
            f"cannot tell the format of the model file {path.name!r}",
            why=f"its name ends in {path.suffix or 'nothing'!r}, not in .keras, .h5 or .hdf5",
            attempt="rename the file, or save it again with model.save('model.keras')",
        )


def _check_archive(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        with open(path, "rb") as file:
            hdf5 = file.read(8) == b"\x89HDF\r\n\x1a\n"
        raise ModelError(
            f"the model file {path.name!r} is damaged or not a .keras file",
            why="it is an HDF5 file" if hdf5 else "a .keras file is a zip archive; this is not",
            attempt="rename it to end in .h5" if hdf5 else "copy or save the model again",
        )
    with zipfile.ZipFile(path) as archive:
        if "config.json" not in archive.namelist():
            raise ModelError(
                f"the file {path.name!r} does not hold a model",
                why="the archive has no config.json",
                attempt="save the whole model with model.save('model.keras')",
            )


def _check_hdf5(path: Path) -> None:
    try:
        with h5py.File(path, "r") as file:
            whole = "model_config" in file.attrs
            # The two layouts of model.save_weights, and the group of model.save.
            weights = any(key in file for key in ("layers", "model_weights", "_layer_checkpoint_dependencies")) or (
                "layer_names" in file.attrs
            )
    except OSError:
        raise ModelError(
            f"the model file {path.name!r} is damaged or not an HDF5 file",
            attempt="copy or save the model again; a .keras file must keep its ending",
        ) from None
    if not whole:
        raise ModelError(
            f"the file {path.name!r} holds weights without a model"
            if weights
            else f"the file {path.name!r} does not hold a Keras model",
            attempt="save the whole model with model.save('model.keras')"
            + (", or build it in Python, load the weights, and pass the model" if weights else ""),
        )


def _explain(path: Path, error: Exception) -> ModelError:
    """One clear statement of why Keras refused a file."""
    text = str(error)
    what = f"cannot load the model file {path.name!r}"
    if "safe_mode" in text or "Lambda" in text and "unsafe" in text.lower():
        return ModelError(
            what,
            why="it carries Python code of its own (a Lambda layer), which loading would run",
            attempt="if you trust the file, allow it: unsafe=True, or --unsafe on the command line",
        )
    missing = _unknown_class(text)
    if missing or isinstance(error, (TypeError, ImportError)) and "locate" in text:
        return ModelError(
            what,
            why=f"it uses {missing or 'a class'}, which is not part of Keras",
            attempt=f"pass the class: custom_objects={{{(missing or 'Name')!r}: {missing or 'Name'}}}",
        )
    if isinstance(error, (json.JSONDecodeError, zipfile.BadZipFile, KeyError, OSError, EOFError)):
        return ModelError(
            what, why=f"it is damaged ({_first_line(text)})", attempt="copy or save the model again"
        )
    return ModelError(
        what,
        why=_first_line(text),
        attempt="load it in Python with the Keras that wrote it, and pass the model",
    )
