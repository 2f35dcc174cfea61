"""What a saved plan says of itself, held against its stages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fastism.errors import PlanError
from fastism.ir.module import Module
from fastism.reductions import Reduction

FIELDS = {
    "backend": "the backend that runs it",
    "pipeline": "the passes that made it, as `--pipeline` takes them",
    "outputs": "the names of the outputs it scores",
    "output_positions": "where each of them stands among the model's own outputs",
    "alternatives": "the rows that are written at a site, (A, width, C)",
    "letters": "the channels that are written, where others stay as they are",
    "reductions": "what is made of outputs inside the graph, by their names",
    "checked": "how near to the model's own its scores came when it was compiled",
}
"""What a plan says of itself in its manifest, under ``plan``."""


_UNCHECKED = {"items": 0, "sites": 0, "largest_difference": 0.0}


def check_manifest(
    path: str | os.PathLike[str], manifest: Mapping[str, Any], imported: Module
) -> None:
    """Raises PlanError unless a plan's manifest can be true of its first stage."""
    outputs, positions = manifest.get("outputs"), manifest.get("output_positions")
    numbers = positions if isinstance(positions, list) else []
    distinct = len(set(map(str, numbers))) == len(numbers) == len(imported.outputs)
    counted = all(type(each) is int and each >= 0 for each in numbers)
    checked = manifest.get("checked", _UNCHECKED)
    letters, channels = manifest.get("letters", [0]), range(_channels(imported))
    named = letters if isinstance(letters, list) else []
    fits = {
        "outputs": outputs == list(imported.outputs),
        "output_positions": distinct and counted,
        "pipeline": isinstance(manifest.get("pipeline"), str),
        "backend": isinstance(manifest.get("backend"), str),
        "alternatives": isinstance(manifest.get("alternatives"), list),
        "checked": isinstance(checked, dict)
        and checked.keys() == _UNCHECKED.keys()
        and all(type(each) in (int, float) for each in checked.values()),
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


def manifest_of(reductions: Mapping[str, Reduction]) -> dict[str, Any]:
    """What a manifest says of reductions: nothing where there are none."""
    records = {name: reduction.record for name, reduction in reductions.items()}
    return {"reductions": records} if records else {}


def reductions_of(manifest: Mapping[str, Any]) -> dict[str, Reduction]:
    """The reductions that a manifest records. Raises PlanError for what is none."""
    records = manifest.get("reductions", {})
    if not isinstance(records, dict):
        raise PlanError(f"{records!r} are no reductions", attempt="compile the model again")
    return {name: Reduction.of_record(record) for name, record in records.items()}


def _channels(module: Module) -> int:
    return module.main.values[module.seq_input].type.channels
