"""The graphs of a plan as annotated ONNX models: the model itself, and what a plan runs.

Every node and value says what the compiler found out; a node of a propagation graph says it of the
value of the model that it is made for, and names the sites of its group.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import onnx

from fastism.backends.onnx.live import Opaque
from fastism.backends.onnx.write import OPSET, write
from fastism.export.manifest import SOURCE
from fastism.export.metadata import Annotations, set_metadata
from fastism.ir.module import Module

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan


def source_model(module: Module, opaque: Opaque, opset: int = OPSET) -> onnx.ModelProto:
    """The main graph of a canonical (best: segmented) module as an executable, annotated model.

    Raises LoweringError for a layer that neither has an ONNX form nor converts.
    """
    model = write(module, module.main, opaque, opset, Annotations(module))
    outputs = dict(zip(module.outputs, module.main.outputs, strict=True))
    set_metadata(model, _facts(module, outputs))
    return model


def plan_models(plan: Plan, opset: int = OPSET) -> dict[str, onnx.ModelProto]:
    """All that an export holds, by name: the source graph, intout, and the propagation graphs.

    Raises LoweringError as `source_model` does.
    """
    source, module = plan.stage["segmented"], plan.module
    models = {SOURCE: source_model(source, plan.opaque, opset)}
    names, heads = plan.output_names, plan.executor.heads
    models[module.main.name] = write(module, module.main, plan.opaque, opset, Annotations(source))
    set_metadata(models[module.main.name], _facts(module, dict(zip(names, heads, strict=True))))
    for group in plan.executor.groups:
        graph, notes = group.graph, Annotations(source, group.sites)
        outputs = dict(zip((names[i] for i in group.heads), graph.outputs, strict=True))
        models[graph.name] = write(module, graph, plan.opaque, opset, notes)
        facts = {**_facts(module, outputs), "sites": notes.where}
        set_metadata(models[graph.name], facts)
    return models


def _facts(module: Module, outputs: dict[str, str]) -> dict[str, Any]:
    return {
        "stage": module.stage,
        "model": module.model or None,
        "sha256": module.sha256 or None,
        "seq_input": module.seq_input,
        "outputs": json.dumps(outputs),
        "sites": len(module.sites) if module.sites is not None else None,
    }
