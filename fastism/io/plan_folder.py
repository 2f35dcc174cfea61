"""A plan on disk: the text of every stage, the constants, the opaque layers, and a manifest.

    manifest.json            what this is, versions, the model, checksums of every other file
    ir/000-imported.fism     one file a stage
    weights.safetensors      floating-point constants, each content once
    tables.safetensors       integer constants: the site tables
    opaque/000-NAME.json     configuration of a live layer, and its front end
    opaque.safetensors       the weights of those layers

Reading one executes nothing and unpickles nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastism.errors import PlanError
from fastism.io.manifest import JSON, check_files, read_manifest, write_manifest
from fastism.io.tensors import Array, read_tensors, write_tensors
from fastism.io.whole import absolute, check_parent, replacing
from fastism.ir.graph import Graph
from fastism.ir.module import Constant, Module
from fastism.ir.parser import parse_module
from fastism.ir.printer import print_module

_WEIGHTS, _TABLES, _OPAQUE = "weights.safetensors", "tables.safetensors", "opaque.safetensors"


@dataclass(frozen=True, eq=False)
class OpaqueRecord:
    """A layer the IR only names: its configuration, its weights by name, and who restores it."""

    front_end: str
    config: Mapping[str, Any]
    weights: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class PlanContents:
    """What a plan folder holds.

    stages: modules by stage, in order; where several have one stage, ``flat``, ``flat:2``, ...
    manifest: what `save_plan` was given.
    """

    stages: Mapping[str, Module]
    manifest: dict[str, Any]
    opaque: Mapping[str, OpaqueRecord]


def check_plan_target(path: str | os.PathLike[str], *, force: bool) -> None:
    """Raises PlanError if a plan must not be written at ``path``.

    ``force`` replaces a plan, or an empty folder; never a folder that holds anything else.
    """
    target = absolute(path)
    check_parent(target)
    if not target.exists():
        return
    if not force:
        raise PlanError(f"{path} exists already", attempt="another name, or --force to replace it")
    if not target.is_dir():
        raise PlanError(f"{path} is a file, and a plan is a folder", attempt="another name")
    if any(target.iterdir()):
        try:
            read_manifest(target)
        except PlanError as error:
            raise PlanError(
                f"{path} holds something other than a plan, so it is not replaced",
                attempt="another name",
            ) from error


def save_plan(
    path: str | os.PathLike[str],
    *,
    stages: Sequence[Module],
    manifest: Mapping[str, JSON],
    opaque: Mapping[str, OpaqueRecord],
    force: bool = False,
) -> None:
    """Write a plan folder; it appears at ``path`` only once it is whole.

    Raises PlanError for an existing target (unless ``force``), and for constants without content.
    """
    check_plan_target(path, force=force)
    with replacing(absolute(path)) as folder:
        (folder / "ir").mkdir(parents=True)
        fields = {
            "model": {"name": stages[0].model, "sha256": stages[0].sha256},
            "seq_input": stages[0].seq_input,
            "inputs": {v.name: list(v.type.shape[1:]) for v in stages[0].main.inputs},
            "plan": dict(manifest),
            "stages": _write_stages(folder, stages),
            "opaque": _write_opaque(folder, opaque),
        }
        write_manifest(folder, fields)


def _write_stages(folder: Path, stages: Sequence[Module]) -> list[JSON]:
    """Write text and constants; returns an entry a stage, with the stored key of each constant."""
    arrays: dict[str, dict[str, Array]] = {_WEIGHTS: {}, _TABLES: {}}
    keys: dict[str, str] = {}
    entries: list[JSON] = []
    for index, module in enumerate(stages):
        file = f"ir/{index:03}-{module.stage}.fism"
        (folder / file).write_text(print_module(module), encoding="utf-8")
        for name, constant in module.constants.items():
            if constant.data is None:
                raise PlanError(
                    f"the constant {name!r} has no content to save",
                    why=f"the {module.stage} module was read from text without its weights",
                )
            if constant.digest not in keys:
                keys[constant.digest] = f"{name}#{constant.digest}"
                kind = _TABLES if constant.data.dtype.kind in "iu" else _WEIGHTS
                arrays[kind][keys[constant.digest]] = constant.data
        named: JSON = {name: keys[c.digest] for name, c in module.constants.items()}
        before = sum(other.stage == module.stage for other in stages[:index])
        stage = f"{module.stage}:{before + 1}" if before else module.stage
        entries.append({"stage": stage, "file": file, "constants": named})
    for file, content in arrays.items():
        write_tensors(folder / file, content)
    return entries


def _write_opaque(folder: Path, opaque: Mapping[str, OpaqueRecord]) -> dict[str, JSON]:
    """Write the opaque layers; returns the file of each. Layer names may hold any character."""
    if not opaque:
        return {}
    (folder / "opaque").mkdir()
    arrays: dict[str, Array] = {}
    files: dict[str, JSON] = {}
    for index, (key, record) in enumerate(opaque.items()):
        stem = f"{index:03}-{re.sub(r'[^A-Za-z0-9_-]+', '_', key)[:80]}"
        weights = {name: f"{stem}/{name}" for name in record.weights}
        arrays.update((weights[name], array) for name, array in record.weights.items())
        fields = {"front_end": record.front_end, "config": record.config, "weights": weights}
        text = json.dumps(fields, indent=2) + "\n"
        (folder / "opaque" / f"{stem}.json").write_text(text, encoding="utf-8")
        files[key] = f"opaque/{stem}.json"
    write_tensors(folder / _OPAQUE, arrays)
    return files


def load_plan(path: str | os.PathLike[str]) -> PlanContents:
    """Read a plan folder and hold every file against its checksum.

    Raises PlanError if ``path`` is not a plan, has another format version, or has a file that is
    missing, truncated or altered.
    """
    folder, manifest = absolute(path), read_manifest(path)
    try:
        check_files(folder, manifest)
        read = {_WEIGHTS, _TABLES, *(entry["file"] for entry in manifest["stages"])}
        if manifest["opaque"]:
            read.update((_OPAQUE, *manifest["opaque"].values()))
        for name in sorted(read.difference(manifest["files"])):
            raise KeyError(name)
        constants = _read_constants(folder)
        opaque = _read_opaque(folder, manifest["opaque"])
        given = manifest["plan"]
        texts = [
            (
                entry["stage"],
                (folder / entry["file"]).read_text(encoding="utf-8"),
                {name: constants[key] for name, key in entry["constants"].items()},
            )
            for entry in manifest["stages"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise PlanError(
            f"{path} is not a whole plan", why=f"its manifest does not fit its files ({error!r})"
        ) from error
    stages = {stage: parse_module(text, named) for stage, text, named in texts}
    _check_inputs(path, manifest, next(iter(stages.values())).main)
    return PlanContents(stages, given, opaque)


def _check_inputs(path: object, manifest: Mapping[str, Any], main: Graph) -> None:
    """Raises PlanError where the manifest says other inputs than the graph has."""
    inputs = {value.name: list(value.type.shape[1:]) for value in main.inputs}
    if manifest.get("inputs") != inputs or manifest.get("seq_input") not in inputs:
        raise PlanError(
            f"{path} is not a whole plan",
            why="its manifest does not name the inputs of its stages",
            attempt="compile the model again",
        )


def _read_constants(folder: Path) -> dict[str, Constant]:
    """Every stored constant by key, its content held against the digest in the key."""
    constants: dict[str, Constant] = {}
    for file in (_WEIGHTS, _TABLES):
        for key, array in read_tensors(folder / file).items():
            constants[key] = Constant.of(array)
            if constants[key].digest != key.rpartition("#")[2]:
                raise PlanError(f"the constant {key} was altered", where=str(folder / file))
    return constants


def _read_opaque(folder: Path, files: Mapping[str, str]) -> dict[str, OpaqueRecord]:
    if not files:
        return {}
    arrays = read_tensors(folder / _OPAQUE)
    records: dict[str, OpaqueRecord] = {}
    for key, file in files.items():
        stored = json.loads((folder / file).read_text(encoding="utf-8"))
        weights = {name: arrays[tensor] for name, tensor in stored["weights"].items()}
        records[key] = OpaqueRecord(stored["front_end"], stored["config"], weights)
    return records
