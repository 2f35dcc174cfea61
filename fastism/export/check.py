"""Hold exported files against the plan they were written from, by running both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.backends.onnx.session import session
from fastism.checking.check import CheckReport
from fastism.checking.tolerances import differences
from fastism.errors import MismatchError, PlanError
from fastism.export.manifest import SOURCE, read_manifest
from fastism.ir.module import Module
from fastism.runtime.inputs import random_inputs
from fastism.runtime.items import Items

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]

TOLERANCE = 1e-5
"""The largest difference, as a share of the output's scale, in single precision."""
HALF_TOLERANCE = 1e-2
"""The same where any value is of half precision, which runtimes round at different places."""

SITES = 6
"""Sites checked of every group: both ends, and a sample between."""


def check(
    plan: Plan,
    folder: str | os.PathLike[str],
    *,
    sequences: int = 2,
    seed: int = 0,
    tolerance: float | None = None,
) -> CheckReport:
    """Run an exported folder with onnxruntime and compare it with the plan, on random sequences.

    source.onnx must give the reference outputs; intout.onnx and every propagation graph, run in
    chunks as the plan's own are, the scores of every alternative at a few sites of each group.

    Raises PlanError if onnxruntime is missing, or ``folder`` is no export of this plan;
    MismatchError, naming the output, where the two differ by more than ``tolerance`` of its scale.
    """
    files = _files(plan, Path(folder))
    allowed = _tolerance(plan.module) if tolerance is None else tolerance
    inputs, items = random_inputs(plan.module.main, sequences, seed), _items(plan, sequences)
    heads = dict(zip(plan.output_names, plan.executor.heads, strict=True))
    saved = plan.executor.reference(inputs)
    wanted = {name: np.asarray(saved[value]) for name, value in heads.items()}
    whole = session(files[SOURCE])(inputs)
    source = dict(zip(plan.output_names, plan.stage["segmented"].main.outputs, strict=True))
    _compare(files[SOURCE], wanted, {name: whole[source[name]] for name in wanted}, allowed)

    functions = {graph.name: session(files[graph.name]) for graph in plan.module.graphs}
    other = plan.run_by("onnx", lambda module: functions)
    found = other.executor.reference(inputs)
    intout = files[plan.module.main.name]
    _compare(intout, wanted, {name: found[value] for name, value in heads.items()}, allowed)
    index = (items.sequence, items.site, items.alternative)
    scores = plan.score_items(inputs, *index), other.score_items(inputs, *index)
    outputs = _compare(intout.parent, *scores, allowed)
    effects = [
        float(differences(array[items.sequence], scores[0][name]).max(initial=0.0))
        for name, array in wanted.items()
    ]
    largest = max(outputs.values(), default=0.0)
    return CheckReport(largest, max(effects, default=0.0), len(items), outputs)


def _files(plan: Plan, folder: Path) -> dict[str, Path]:
    graphs = read_manifest(folder)["graphs"]
    expected = {SOURCE, *(graph.name for graph in plan.module.graphs)}
    if set(graphs) != expected:
        raise PlanError(
            f"{folder} was exported from another plan",
            why=f"it holds {', '.join(sorted(graphs))}; the plan has {', '.join(sorted(expected))}",
        )
    return {name: folder / entry["file"] for name, entry in graphs.items()}


def _tolerance(module: Module) -> float:
    types = {value.type.dtype for graph in module.graphs for value in graph.values.values()}
    return HALF_TOLERANCE if types & {"f16", "bf16"} else TOLERANCE


def _items(plan: Plan, sequences: int) -> Items:
    """Every alternative at some sites of every group, the sequences in turn."""
    sites = np.concatenate(
        [np.zeros(0, np.int64)]
        + [
            group.sites[np.unique(np.linspace(0, len(group.sites) - 1, SITES).astype(np.int64))]
            for group in plan.executor.groups
        ]
    )
    alternatives = len(plan.alternatives)
    site = np.repeat(sites, alternatives)
    alternative = np.tile(np.arange(alternatives), len(sites))
    return Items((np.arange(len(site)) // alternatives) % sequences, site, alternative)


def _compare(
    path: Path, wanted: Mapping[str, Array], found: Mapping[str, Array], tolerance: float
) -> dict[str, float]:
    """The difference of every output, relative to its scale. Raises MismatchError."""
    outputs: dict[str, float] = {}
    for name, values in wanted.items():
        outputs[name] = float(differences(found[name], values).max(initial=0.0))
        if outputs[name] > tolerance:
            raise MismatchError(
                f"{path.name} disagrees with the plan: {outputs[name]:.1e} of the scale of "
                f"output {name!r}",
                where=str(path),
                why=f"onnxruntime computes something else than the plan; allowed {tolerance:g}",
                attempt="please report it with the model; --no-check writes the files all the same",
            )
    return outputs
