"""Look into a model file before Keras does: what it is, and whether it can hold a model."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import h5py

from fastism.errors import ModelError, reason
from fastism.frontends.keras.files.description import described
from fastism.frontends.keras.files.hdf5 import LARGE, check_hdf5, numbers
from fastism.frontends.keras.files.limits import CONFIGURATION

_SAVE_WHOLE = "save the whole model with model.save('model.keras')"
_ARCHITECTURE = (
    "give the function that builds the model, or its description: architecture=function or "
    "'model.json' (--architecture module:function, or model.json)"
)
_DAMAGED = "copy the file or save the model again"
_EXPANSION = 100


@dataclass(frozen=True)
class ModelFile:
    """What a file turned out to be.

    kind: ``keras``, ``h5``, ``weights`` (of Keras 3), ``h5 weights`` (of Keras 1 and 2, or legacy),
        ``saved model`` or ``described`` (a configuration alone).
    config: the model's configuration, where the file has one.
    version: of the Keras that wrote it, its first number; 1 if the file does not say.
    edited: whether the configuration is another than the file's.
    stored: how many numbers the file holds.
    """

    path: Path
    kind: str
    config: Any = None
    version: int = 3
    edited: bool = False
    stored: int = 0


def look(path: Path, *, architecture: bool = False) -> ModelFile:
    """What a file is. ``architecture``: whether the model itself comes from elsewhere.

    Raises ModelError, with what to try, for a file that cannot hold a Keras model, holds weights
    alone without ``architecture``, or reaches outside itself.
    """
    unread = f"the model file {str(path)!r} cannot be read"
    try:
        there = path.exists()
    except OSError as error:  # a folder on the way is closed
        raise ModelError(unread, why=reason(error)) from None
    if not there:
        raise ModelError(f"there is no model file {str(path)!r}", attempt="check the path")
    if not os.access(path, os.R_OK):
        raise ModelError(unread, why="no right to read it")
    if path.is_dir():
        if not (path / "saved_model.pb").exists():
            raise ModelError(
                f"{str(path)!r} is a folder, not a model file",
                attempt="save the model as one file: model.save('model.keras')",
            )
        return ModelFile(path, "saved model", version=2)
    if h5py.is_hdf5(path):
        return _hdf5(path, architecture)
    if zipfile.is_zipfile(path):
        return _archive(path)
    if path.suffix in (".keras", ".h5", ".hdf5"):
        format = "zip archive" if path.suffix == ".keras" else "HDF5 file"
        raise ModelError(
            f"the model file {path.name!r} is damaged",
            why=f"a {path.suffix} file is a {format}, and this is none",
            attempt=_DAMAGED,
        )
    raise _something_else(path)


def _something_else(path: Path) -> ModelError:
    """The error for a file that is of no format of Keras's, by what it begins with."""
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\x80"):
        return _pickled(path, "a pickle")
    if start[4:8] == b"TFL3":
        return ModelError(
            f"the file {path.name!r} holds no Keras model",
            why="it is of TensorFlow Lite, which keeps no layers",
            attempt="the Keras model it was made from",
        )
    if described(path) is not None:
        return ModelError(
            f"the file {path.name!r} describes a model and holds no weights",
            attempt=f"the file of the weights, with architecture={path.name!r} "
            f"(--architecture {path.name})",
        )
    return ModelError(
        f"cannot tell the format of the model file {path.name!r}",
        why="it is neither a .keras archive nor an HDF5 file nor a SavedModel folder",
        attempt=_SAVE_WHOLE,
    )


def _pickled(path: Path, kind: str) -> ModelError:
    return ModelError(
        f"the file {path.name!r} holds no Keras model",
        why=f"it is {kind}, which can run any code when it is opened; fastism opens none",
        attempt=f"load it with what wrote it, and {_SAVE_WHOLE}",
    )


def _archive(path: Path) -> ModelFile:
    try:
        with zipfile.ZipFile(path) as archive:
            for information in archive.infolist():
                _check_member(path, information)
            broken = archive.testzip()
            if broken:
                raise zipfile.BadZipFile(broken)
            if any(name.endswith("/data.pkl") for name in archive.namelist()):
                raise _pickled(path, "a PyTorch archive of pickles")
            if "config.json" not in archive.namelist():
                raise ModelError(
                    f"the file {path.name!r} does not hold a Keras model",
                    why="the archive has no config.json",
                    attempt=_SAVE_WHOLE,
                )
            config = _json(path, archive.read("config.json"))
            config.pop("compile_config", None)  # for training; never loaded
            version, stored = 3, 0
            if "metadata.json" in archive.namelist():
                metadata = _json(path, archive.read("metadata.json"))
                version = major(metadata.get("keras_version", "3"))
            if "model.weights.h5" in archive.namelist():
                with archive.open("model.weights.h5") as member, h5py.File(member, "r") as file:
                    check_hdf5(file, f"the model file {path.name!r} is not trusted")
                    stored = numbers(file)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError) as error:
        raise ModelError(
            f"the model file {path.name!r} is damaged", why=f"in {error}", attempt=_DAMAGED
        ) from None
    return ModelFile(path, "keras", config, version, stored=stored)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = PurePosixPath(member.filename.replace("\\", "/"))
    why = ""
    text = member.filename in ("config.json", "metadata.json")
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        why = "its name leads out of the archive"
    elif stat.S_ISLNK(member.external_attr >> 16):
        why = "it is a link"
    elif member.file_size > max(LARGE, _EXPANSION * member.compress_size):
        why = f"it claims {member.file_size:,} bytes and stores {member.compress_size:,}"
    elif text and member.file_size > CONFIGURATION:
        why = f"it is {member.file_size:,} bytes long, and {CONFIGURATION:,} is the most"
    if why:
        raise ModelError(
            f"the model file {path.name!r} is not trusted",
            where=f"its member {member.filename!r}",
            why=why,
            attempt=_SAVE_WHOLE,
        )


def _hdf5(path: Path, architecture: bool) -> ModelFile:
    try:
        with h5py.File(path, "r") as file:
            check_hdf5(file, f"the model file {path.name!r} is not trusted")
            config, stored = file.attrs.get("model_config"), numbers(file)
            layered = "layer_names" in file.attrs or "layer_names0" in file.attrs
            grouped = bool(file.visit(lambda name: name.split("/")[-1] == "vars" or None))
            version = major(_text(file.attrs.get("keras_version", "1")))
    except (OSError, RuntimeError) as error:
        raise ModelError(
            f"the model file {path.name!r} is damaged", why=str(error), attempt=_DAMAGED
        ) from None
    if config is not None:
        return ModelFile(path, "h5", _json(path, _text(config)), version, stored=stored)
    if not (layered or grouped):
        raise ModelError(
            f"the file {path.name!r} does not hold a Keras model",
            why="it has no model_config",
            attempt=_SAVE_WHOLE,
        )
    if not architecture:
        raise ModelError(
            f"the file {path.name!r} holds weights without a model",
            attempt=f"{_ARCHITECTURE}; or {_SAVE_WHOLE}",
        )
    kind = "h5 weights" if layered else "weights"
    return ModelFile(path, kind, None, version, stored=stored)


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def major(version: str) -> int:
    """The first number of a version; 1 if there is none."""
    first = str(version).partition(".")[0]
    return int(first) if first.isdigit() else 1


def _json(path: Path, text: str | bytes) -> Any:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"the model file {path.name!r} is damaged",
            why=f"its configuration is not JSON: {error}",
            attempt=_DAMAGED,
        ) from None
    if not isinstance(config, dict):
        raise ModelError(
            f"the model file {path.name!r} is damaged",
            why="its configuration is not a dictionary",
            attempt=_DAMAGED,
        )
    return config
