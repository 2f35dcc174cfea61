"""A model file as Keras wants it: of the ending that says its format, its configuration edited."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from fastism.frontends.keras.files.model_file import ModelFile

_ENDINGS = {"keras": ".keras", "h5": ".h5", "weights": ".weights.h5"}


@contextmanager
def as_keras_names_it(file: ModelFile) -> Iterator[Path]:
    """The path of a file, or of a temporary copy with the ending and configuration as said."""
    ending = _ENDINGS[file.kind]
    if file.path.name.endswith(ending) and not file.edited:
        yield file.path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, f"model{ending}")
        if not file.edited:
            shutil.copyfile(file.path, copy)
        elif file.kind == "h5":
            shutil.copyfile(file.path, copy)
            with h5py.File(copy, "r+") as opened:
                opened.attrs["model_config"] = json.dumps(file.config)
        else:
            _edit_archive(file, copy)
        yield copy


def _edit_archive(file: ModelFile, copy: Path) -> None:
    with zipfile.ZipFile(file.path) as old, zipfile.ZipFile(copy, "w") as new:
        for member in old.infolist():
            if member.filename == "config.json":
                new.writestr(member, json.dumps(file.config))
                continue
            with old.open(member) as content, new.open(member, "w", force_zip64=True) as target:
                shutil.copyfileobj(content, target)
