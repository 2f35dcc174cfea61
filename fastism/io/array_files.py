"""Arrays in .npy, .npz and HDF5 files, read a part at a time where the format allows it."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fastism.errors import InputError, did_you_mean, reason, require_file

Array = npt.NDArray[Any]
HDF5 = (".h5", ".hdf5")
SUFFIXES = (".npy", ".npz", *HDF5)
_NPY = b"\x93NUMPY"


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """An array of a file; ``array`` has a shape and a dtype, and gives an array for a slice.

    label: the file, and the name in it where it has one.
    """

    label: str
    array: Any


def is_array_file(text: str) -> bool:
    """Whether a path, with or without a name after a colon, is of a file of arrays."""
    return _split(text)[0].suffix.lower() in SUFFIXES


def path_of(text: str) -> Path:
    """The path alone of ``FILE`` or ``FILE:NAME``."""
    return _split(text)[0]


def open_array(text: str) -> ArrayFile:
    """The array of ``FILE``, or of ``FILE:NAME`` where a file may hold several.

    Raises InputError for a file that is missing, damaged or of another kind, and for a name that is
    not in it, or not said where there are several.
    """
    path, name = _split(text)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path} is no file of arrays", why=f"they end in {', '.join(SUFFIXES)}")
    require_file(path, "file of arrays")
    try:
        if suffix == ".npy":
            if name:
                raise InputError(f"{path} holds one array, without a name", attempt=str(path))
            return ArrayFile(str(path), open_npy(path))
        if suffix == ".npz":
            if not zipfile.is_zipfile(path):
                raise ValueError("it is no archive")
            with np.load(path, allow_pickle=False) as arrays:
                key = _one(path, name, list(arrays))
                return ArrayFile(f"{path}:{key}", arrays[key])
        file = h5py.File(path, "r")
        key = _one(path, name, _datasets(file))
        return ArrayFile(f"{path}:{key}", file[key])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} cannot be read as {suffix}", why=reason(error)) from error


def open_npy(path: Path) -> Array:
    """The array of a .npy file, on disk still. Raises OSError or ValueError where it is none."""
    with path.open("rb") as file:
        begins = file.read(len(_NPY))
    if begins != _NPY:  # numpy would speak of pickles
        raise ValueError("it is empty" if not begins else "it does not begin as a .npy file")
    array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _split(text: str) -> tuple[Path, str]:
    before, _, after = text.rpartition(":")
    if before and Path(before).suffix.lower() in SUFFIXES:
        return Path(before), after
    return Path(text), ""


def _datasets(file: h5py.File) -> list[str]:
    found: list[str] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(name)

    file.visititems(visit)
    return found


def _one(path: Path, name: str, known: list[str]) -> str:
    """The name that is meant. Raises InputError where it is not known."""
    if name in known:
        return name
    if name:
        raise InputError(
            f"{path} has no array {name!r}",
            why=f"it has {', '.join(known) or 'none'}",
            attempt=did_you_mean(name, known),
        )
    if len(known) != 1:
        raise InputError(
            f"{path} holds {len(known)} arrays, and one is to be read",
            why=f"it has {', '.join(known)}" if known else None,
            attempt=f"{path}:{known[0]}" if known else None,
        )
    return known[0]
