"""What a saved plan says of itself, held against its stages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fastism.errors import PlanError
from fastism.ir.module import Module

FIELDS = {
    "backend": "the backend that runs it",
    "pipeline": "the passes that made it, as `--pipeline` takes them",
    "outputs": "the names of the outputs it scores",
    "output_positions": "where each of them stands among the model's own outputs",
    "alternatives": "the rows that are written at a site, (A, width, C)",
}
"""What a plan says of itself in its manifest, under ``plan``."""


def check_manifest(
    path: str | os.PathLike[str], manifest: Mapping[str, Any], imported: Module
) -> None:
    """Raises PlanError unless a plan's manifest can be true of its first stage."""
    outputs, positions = manifest.get("outputs"), manifest.get("output_positions")
    numbers = positions if isinstance(positions, list) else []
    distinct = len(set(map(str, numbers))) == len(numbers) == len(imported.outputs)
    counted = all(type(each) is int and each >= 0 for each in numbers)
    letters, channels = manifest.get("letters", [0]), range(_channels(imported))
    named = letters if isinstance(letters, list) else []
    fits = {
        "outputs": outputs == list(imported.outputs),
        "output_positions": distinct and counted,
        "pipeline": isinstance(manifest.get("pipeline"), str),
        "backend": isinstance(manifest.get("backend"), str),
        "alternatives": isinstance(manifest.get("alternatives"), list),
        "letters": bool(named)
        and all(type(each) is int and each in channels for each in named)
        and len(set(named)) == len(named),
    }
    for field, fit in fits.items():
        if not fit:
            raise PlanError(
                f"{path} is not a whole plan",
                why=f"the {field} in its manifest do not fit its stages",
                attempt="compile the model again",
            )


def _channels(module: Module) -> int:
    return module.main.values[module.seq_input].type.channels
