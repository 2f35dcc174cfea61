"""Write a plan as a folder of ONNX files that run without fastism, Keras or TensorFlow.

source.onnx        the model, annotated: what a mutation changes at every node
intout.onnx        once a sequence: reference outputs and saved activations
propagate0.onnx    once a chunk of mutations, one file a group of sites
manifest.json      which files, which sites, and how to run them
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from fastism.backends.onnx.session import runtime
from fastism.backends.onnx.write import OPSET
from fastism.errors import InputError, LoweringError, PlanError
from fastism.export.check import check as check_folder
from fastism.export.manifest import (
    file_name,
    read_manifest,
    write_manifest,
)
from fastism.export.models import plan_models
from fastism.io.whole import absolute, check_parent, replacing

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

OPSETS = (17, 18)
"""Operator sets that can be written: the first with layer normalization, the last tf2onnx knows."""

LARGEST = 2**31 - 1
"""Bytes of the largest message that protobuf, and so an .onnx file, can hold."""


def export(
    plan: Plan,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    opset: int = OPSET,
    check: bool = True,
) -> list[Path]:
    """Write the plan's graphs as ONNX; the folder appears only once it is whole. Returns the files.

    force: replace a folder exported earlier, or an empty one.
    opset: the ONNX operator set.
    check: run the written files with onnxruntime and hold them against the plan.

    Raises PlanError for an existing target (unless ``force``) or missing onnxruntime,
    LoweringError for a layer ONNX cannot express, MismatchError if a file computes something else.
    """
    if opset not in OPSETS:
        known = " and ".join(map(str, OPSETS))
        raise InputError(f"ONNX operator set {opset} cannot be written", why=f"{known} can")
    target = absolute(folder)
    _check_target(target, force)
    if check:
        runtime()
    models = plan_models(plan, opset)
    with replacing(target) as new:
        new.mkdir()
        for name, model in models.items():
            _write(model, new / file_name(name))
        write_manifest(plan, new, opset)
        if check:
            check_folder(plan, new)
    return sorted(target.iterdir())


def _write(model: onnx.ModelProto, path: Path) -> None:
    if model.ByteSize() > LARGEST:
        raise PlanError(
            f"{path.name} would be larger than an ONNX file can be",
            why=f"it would take {model.ByteSize():,} bytes, and the limit is {LARGEST:,}",
        )
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        live = [function.name for function in model.functions]
        raise LoweringError(
            f"{path.name} would not be valid ONNX",
            where=f"one of the live layers {', '.join(live)}" if live else None,
            why=str(error),
            attempt="compile with outputs=[...] that do not need the layer" if live else None,
        ) from error
    onnx.save(model, path)


def _check_target(target: Path, force: bool) -> None:
    check_parent(target)
    if not target.exists():
        return
    if not force:
        attempt = "another name, or --force to replace it"
        raise PlanError(f"{target} exists already", attempt=attempt)
    if not target.is_dir():
        raise PlanError(f"{target} is a file, and an export is a folder", attempt="another name")
    if any(target.iterdir()):
        try:
            read_manifest(target)
        except PlanError as error:
            raise PlanError(
                f"{target} holds something other than an export, so it is not replaced",
                attempt="another name",
            ) from error
