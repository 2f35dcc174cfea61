"""The manifest of an exported folder: its files, and how to run them without fastism."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastism.backends.onnx.write import IR_VERSION
from fastism.errors import PlanError
from fastism.io.versions import versions
from fastism.ir.graph import Value

if TYPE_CHECKING:
    from fastism.ir.program import Group
    from fastism.runtime.plan import Plan

MANIFEST = "manifest.json"
SOURCE = "source"
"""The name of the model's own graph among the graphs."""

_FORMAT = "fastism onnx"
_VERSION = 1

_HOW_TO_RUN = {
    "axes": "N sequences; P (sequence, site) pairs of a call; M = P * A items, A alternatives of "
    "each pair next to each other",
    "source": "the model itself: inputs to outputs; metadata on nodes and values says what a "
    "mutation changes there, how it is computed, and where locality ends",
    "intout": "once a batch of sequences: inputs to the reference outputs and saved activations",
    "propagate": "once a chunk of items at sites of its group: what the mutated sequences score. "
    "Saved activations are passed on as intout returned them",
    "item/sequence": "the row of each pair's sequence in the saved activations",
    "item/site": "each pair's site, as an index into the graph's own 'sites'",
    "item/edit": "what is written less what stands there: alternative - sequence[start:stop], zero "
    "in channels that are not among 'letters'",
    "sites": "indices into 'sites.starts'; a site in no graph changes nothing, and scores as the "
    "reference",
    "together": "one entry a site: the pairs of a call must agree in it",
}


def file_name(graph: str) -> str:
    """The file a graph is in."""
    return f"{graph}.onnx"


def write_manifest(plan: Plan, folder: Path, opset: int) -> Path:
    """Write the manifest of a folder that holds, or will hold, the plan's graphs."""
    module, sites = plan.module, plan.module.sites
    assert sites is not None
    main, heads = module.main, plan.executor.heads
    users = dict(zip(plan.output_names, heads, strict=True))
    source = plan.stage["segmented"].main
    graphs: dict[str, Any] = {
        SOURCE: {
            "file": file_name(SOURCE),
            "inputs": _types(source.inputs),
            "outputs": dict(zip(plan.output_names, source.outputs, strict=True)),
        },
        main.name: {
            "file": file_name(main.name),
            "inputs": _types(main.inputs),
            "outputs": users,
            "saved": [name for name in main.outputs if name not in heads],
        },
    }
    for group in plan.executor.groups:
        graphs[group.graph.name] = _group(plan, group)
    fields = {
        "format": _FORMAT,
        "version": _VERSION,
        "versions": versions(),
        "opset": opset,
        "ir_version": IR_VERSION,
        "model": {"name": module.model, "sha256": module.sha256},
        "seq_input": module.seq_input,
        "sites": {"width": sites.width, "starts": list(sites.starts)},
        "alternatives": plan.alternatives.tolist(),
        "letters": list(range(plan.channels) if plan.letters is None else plan.letters),
        "run": _HOW_TO_RUN,
        "graphs": graphs,
    }
    path = folder / MANIFEST
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    return path


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an exported folder. Raises PlanError if it is none."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlanError(f"{folder} holds no exported plan", why=str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise PlanError(f"{folder} holds no exported plan", why=f"{MANIFEST} is of something else")
    if manifest.get("version") != _VERSION:
        raise PlanError(
            f"{folder} was exported in format {manifest.get('version')}",
            why=f"this fastism reads format {_VERSION} only",
            attempt="export the plan again",
        )
    return manifest


def _group(plan: Plan, group: Group) -> dict[str, Any]:
    graph = group.graph
    heads = (plan.output_names[head] for head in group.heads)
    found: dict[str, Any] = {
        "file": file_name(graph.name),
        "inputs": _types(graph.inputs),
        "outputs": dict(zip(heads, graph.outputs, strict=True)),
        "pairs": group.pairs,
        "sites": group.sites.tolist(),
    }
    found["together"] = group.keys.tolist() if group.keys.shape[1] else [[0]] * len(group.sites)
    return found


def _types(values: Iterable[Value]) -> dict[str, str]:
    return {value.name: str(value.type) for value in values}
