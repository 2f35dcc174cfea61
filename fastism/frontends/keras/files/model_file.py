"""Look into a model file before Keras does: what it is, and whether it can hold a model."""

from __future__ import annotations

import json
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import h5py

from fastism.errors import ModelError
from fastism.frontends.keras.files.hdf5 import LARGE, check_hdf5, numbers
from fastism.frontends.keras.files.limits import CONFIGURATION

_SAVE_WHOLE = "save the whole model with model.save('model.keras')"
_ARCHITECTURE = (
    "give the function that builds the model: architecture=function "
    "(--architecture module:function)"
)
_DAMAGED = "copy the file or save the model again"
_EXPANSION = 100


@dataclass(frozen=True)
class ModelFile:
    """What a file turned out to be.

    kind: ``keras``, ``h5``, ``weights`` (of Keras 3), ``h5 weights`` (of Keras 1 and 2, or legacy)
        or ``saved model``. config: the model's configuration, where the file has one. version: of
        the Keras that wrote it, its first number; 1 if the file does not say. edited: whether the
        configuration is another than the file's. stored: how many numbers the file holds.
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
    if not path.exists():
        raise ModelError(f"there is no model file {str(path)!r}", attempt="check the path")
    if path.is_dir():
        if not (path / "saved_model.pb").exists():
            raise ModelError(
                f"{str(path)!r} is a folder, not a model file",
                attempt="save the model as one file: model.save('model.keras')",
            )
        return ModelFile(path, "saved model", version=2)
    if path.suffix == ".keras":
        return _archive(path)
    if path.suffix in (".h5", ".hdf5"):
        return _hdf5(path, architecture)
    raise ModelError(
        f"cannot tell the format of the model file {path.name!r}",
        why="its name does not end in .keras, .h5 or .hdf5",
        attempt=f"rename the file, or {_SAVE_WHOLE}",
    )


def _archive(path: Path) -> ModelFile:
    if not zipfile.is_zipfile(path):
        hdf5 = h5py.is_hdf5(path)
        raise ModelError(
            f"the model file {path.name!r} is damaged or not a .keras file",
            why="it is an HDF5 file" if hdf5 else "a .keras file is a zip archive, and this is not",
            attempt="rename it to end in .h5" if hdf5 else _DAMAGED,
        )
    try:
        with zipfile.ZipFile(path) as archive:
            for information in archive.infolist():
                _check_member(path, information)
            broken = archive.testzip()
            if broken:
                raise zipfile.BadZipFile(broken)
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
                version = _major(metadata.get("keras_version", "3"))
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
    if not h5py.is_hdf5(path):
        archive = zipfile.is_zipfile(path)
        raise ModelError(
            f"the model file {path.name!r} is damaged or not an HDF5 file",
            why="it is a zip archive" if archive else None,
            attempt="rename it to end in .keras" if archive else _DAMAGED,
        )
    try:
        with h5py.File(path, "r") as file:
            check_hdf5(file, f"the model file {path.name!r} is not trusted")
            config, stored = file.attrs.get("model_config"), numbers(file)
            layered = "layer_names" in file.attrs or "layer_names0" in file.attrs
            grouped = bool(file.visit(lambda name: name.split("/")[-1] == "vars" or None))
            version = _major(_text(file.attrs.get("keras_version", "1")))
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
    return ModelFile(path, "h5 weights" if layered else "weights", None, version)


def _text(value: Any) -> str:
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)


def _major(version: str) -> int:
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
