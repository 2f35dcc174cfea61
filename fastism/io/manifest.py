"""A plan's manifest: what the folder is, and the checksums of every other file in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from fastism.errors import PlanError
from fastism.io.versions import PLAN_FORMAT, versions
from fastism.io.whole import absolute

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

MANIFEST = "manifest.json"
_FORMAT = "fastism plan"

FIELDS = {
    "format": "what the folder is",
    "version": "of the layout: another is refused, never guessed at",
    "versions": "of the packages that wrote it",
    "model": "the name of the model, and the hash of its file (empty for a live model)",
    "seq_input": "the input that is edited",
    "inputs": "the shape of every input, without the batch axis",
    "plan": "how the plan is run",
    "stages": "of every stage its text, and the key of each of its constants in the tensor files",
    "opaque": "the files of the live layers, by the `key` of their nodes",
    "files": "size and checksum of every other file",
}
"""What the keys of a manifest say."""


def sha256(path: str | os.PathLike[str]) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_manifest(folder: Path, fields: Mapping[str, Any]) -> None:
    """Write the manifest of a folder that holds everything else already."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    checksums = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in files
    }
    header = {"format": _FORMAT, "version": PLAN_FORMAT, "versions": versions()}
    text = json.dumps({**header, **fields, "files": checksums}, indent=2) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a plan folder.

    Raises PlanError if there is no folder, it is not a plan, or its format is another version.
    """
    folder = absolute(path)
    if not folder.exists():
        attempt = f"fastism compile model.h5 -o {path}"
        raise PlanError(f"there is no plan at {path}", attempt=attempt)
    if not (folder / MANIFEST).is_file():
        file = folder.is_file()
        raise PlanError(
            f"{path} is not a plan",
            why="a plan is a folder" if file else f"it holds no {MANIFEST}",
            attempt=f"if it is a model: fastism compile {path} -o plan/",
        )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except ValueError as error:
        raise PlanError(
            f"{path} is not a plan", why=f"its {MANIFEST} is not JSON ({error})"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise PlanError(f"{path} is not a plan", why=f"its {MANIFEST} says it is something else")
    if manifest.get("version") != PLAN_FORMAT:
        raise PlanError(
            f"{path} has plan format {manifest.get('version')}",
            why=f"this fastism reads format {PLAN_FORMAT} only",
            attempt="compile the model again",
        )
    return manifest


def check_inside(folder: Path, name: str) -> None:
    """Raises PlanError for a file of a plan that is a link to one outside."""
    if not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise PlanError(
            f"the plan's file {name} is a link that leads out of the plan",
            where=str(folder),
            attempt="compile the model again",
        )


def check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raises PlanError at the first file that is missing, truncated, altered or elsewhere."""
    check_inside(folder, MANIFEST)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name, recorded in manifest["files"].items():
        path = folder / name
        if name not in files:
            raise PlanError(f"the plan has lost its file {name}", where=str(folder))
        check_inside(folder, name)
        size = path.stat().st_size
        if size < recorded["bytes"]:
            raise PlanError(
                f"the plan's file {name} is truncated",
                where=str(folder),
                why=f"it has {size} of {recorded['bytes']} bytes",
            )
        if sha256(path) != recorded["sha256"]:
            raise PlanError(
                f"the plan's file {name} was altered",
                where=str(folder),
                why="its checksum is not the one in the manifest",
                attempt="compile the model again",
            )
