"""Which sites are edited, what is written there, and how the plan is asked to run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastism.frontends.keras.lowering.functional import output_names
from fastism.testing.drawing.walk import Tensor, Walk

PASSES = "flatten,canonicalize,annotate,segment{{weigh={weigh}}},split,schedule{{{schedule}}}"


STOPS = ("Conv1D", "Dense", "MaxPooling1D", "AveragePooling1D", "SeparableConv1D")
"""Layers that may be named as a stop; some others are gone before anything stops."""


def options(walk: Walk, model: Any, sequence: Tensor) -> dict[str, Any]:
    """Arguments of `fastism.compile` for a model; sequence: the input that is edited."""
    length = max(sequence.shape[1:3])  # (N, 1, L, 4) among others
    letters, tokens = math.prod(sequence.shape[1:]) // length, len(sequence.shape) == 2
    width = 1
    found: dict[str, Any] = {}
    sites = walk.part("sites")
    if sites is not None and sites.chance(0.4):
        walk.sketch.parts[sites.path] = "some sites"
        width = sites.choice([1, 1, 2, 3, 5])
        found = {"sites": _sites(sites, length, width), "width": width}
    rows = walk.part("alternatives")
    if width > 1 or (rows is not None and rows.chance(0.3)):
        found["alternatives"] = _alternatives(rows or walk, width, letters, tokens)
    runs = walk.part("pipeline")
    if runs is not None:
        schedule = runs.choice(["", "workers=1", "workers=1", "pairs=3", "workers=1 pairs=5"])
        weigh = str(runs.chance(0.35)).lower()
        found["pipeline"] = PASSES.format(weigh=weigh, schedule=schedule).replace("{}", "")
        walk.sketch.parts[runs.path] = f"weigh={weigh} {schedule}".strip()
    wanted = walk.part("outputs")
    if wanted is not None and len(model.outputs) > 1 and wanted.chance(0.25):
        names = output_names(model)
        found["outputs"] = wanted.choice([names[:1], names[1:], names[::-1]])
        walk.sketch.parts[wanted.path] = f"outputs {', '.join(found['outputs'])}"
    stop = walk.part("stop")
    if stop is not None and "outputs" not in found and stop.chance(0.1):
        names = [layer.name for layer in model.layers if type(layer).__name__ in STOPS]
        if names:
            found["stop_layers"] = walk.sketch.parts[stop.path] = stop.choice(names)
    return found


def _sites(walk: Walk, length: int, width: int) -> Any:
    last = length - width
    return walk.call(
        [
            lambda: None,
            lambda: slice(None, None, walk.between(1, 4)),
            lambda: slice(walk.between(0, 5), length - walk.between(0, 5)),
            lambda: [0, last, *map(int, walk.random.integers(0, last + 1, 6))],
            lambda: np.r_[: min(4, last + 1), max(last - 3, 0) : last + 1],
        ]
    )


def _alternatives(walk: Walk, width: int, letters: int, tokens: bool) -> Any:
    if tokens:
        return "letters"
    given = walk.choice(["letters", "zeros", "uniform", "rows"])
    count = walk.between(1, 4)
    return walk.random.normal(size=(count, width, letters)) if given == "rows" else given


__all__ = ["options"]
