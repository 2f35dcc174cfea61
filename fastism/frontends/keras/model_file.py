"""Look into a model file before Keras does: a file that cannot hold a model is refused here."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py

from fastism.errors import ModelError

_SAVE_WHOLE = "save the whole model with model.save('model.keras')"
_DAMAGED = "copy the file or save the model again"


def check_model_file(path: Path) -> None:
    """Raise ModelError, with what to try, for a file that cannot hold a Keras model."""
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
    elif path.suffix in (".h5", ".hdf5"):
        _check_hdf5(path)
    else:
        raise ModelError(
            f"cannot tell the format of the model file {path.name!r}",
            why="its name does not end in .keras, .h5 or .hdf5",
            attempt=f"rename the file, or {_SAVE_WHOLE}",
        )


def _check_archive(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        hdf5 = h5py.is_hdf5(path)
        raise ModelError(
            f"the model file {path.name!r} is damaged or not a .keras file",
            why="it is an HDF5 file" if hdf5 else "a .keras file is a zip archive, and this is not",
            attempt="rename it to end in .h5" if hdf5 else _DAMAGED,
        )
    with zipfile.ZipFile(path) as archive:
        try:
            broken = archive.testzip()
        except (zipfile.BadZipFile, EOFError, NotImplementedError):
            broken = "its table of contents"
        if broken:
            raise ModelError(
                f"the model file {path.name!r} is damaged", why=f"in {broken}", attempt=_DAMAGED
            )
        if "config.json" not in archive.namelist():
            raise ModelError(
                f"the file {path.name!r} does not hold a Keras model",
                why="the archive has no config.json",
                attempt=_SAVE_WHOLE,
            )


def _check_hdf5(path: Path) -> None:
    if not h5py.is_hdf5(path):
        archive = zipfile.is_zipfile(path)
        raise ModelError(
            f"the model file {path.name!r} is damaged or not an HDF5 file",
            why="it is a zip archive" if archive else None,
            attempt="rename it to end in .keras" if archive else _DAMAGED,
        )
    try:
        with h5py.File(path, "r") as file:
            whole = "model_config" in file.attrs
            # Weights alone, as Keras 2 (an attribute) and Keras 3 (a group) lay them out.
            weights = "layer_names" in file.attrs or "layers" in file
    except OSError as error:
        raise ModelError(
            f"the model file {path.name!r} is damaged", why=str(error), attempt=_DAMAGED
        ) from None
    if weights and not whole:
        raise ModelError(
            f"the file {path.name!r} holds weights without a model",
            attempt=f"{_SAVE_WHOLE}; or build the model in Python, load the weights, and pass it",
        )
    if not whole:
        raise ModelError(
            f"the file {path.name!r} does not hold a Keras model",
            why="it has no model_config",
            attempt=_SAVE_WHOLE,
        )
