"""Exported files against the plan: valid, named as in the IR, and the same numbers everywhere."""

from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest

from fastism.backends.onnx.session import session
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from tests.exported import Export, Exported

MODELS = (
    "pool_same",
    "chain_dilated_same",
    "chain_strided_same",
    "local_and_global_outputs",
    "outputs_at_every_depth",
    "two_inputs_late",
    "global_maximum",
    "smooth_activations",
    "lstm",
)

pytestmark = pytest.mark.parametrize("name", MODELS)


def graphs(found: Exported) -> dict[str, onnx.ModelProto]:
    return {path.stem: onnx.load(path) for path in sorted(found.folder.glob("*.onnx"))}


def test_files_are_valid_and_complete(exported: Export, name: str) -> None:
    found = exported(name)
    models = graphs(found)
    assert set(models) == {"source", *(graph.name for graph in found.plan.module.graphs)}
    for model in models.values():
        onnx.checker.check_model(model, full_check=True)
        assert model.opset_import[0].version == 17


def test_tensors_are_named_as_in_the_ir(exported: Export, name: str) -> None:
    found = exported(name)
    models = graphs(found)
    for graph in found.plan.module.graphs:
        model = models[graph.name].graph
        for declared, values in (
            (model.input, graph.inputs),
            (model.output, [graph.values[o] for o in dict.fromkeys(graph.outputs)]),
        ):
            assert [v.name for v in declared] == [v.name for v in values]
            for info, value in zip(declared, values, strict=True):
                dims = info.type.tensor_type.shape.dim
                shape = tuple(dim.dim_param or dim.dim_value for dim in dims)
                assert shape == value.type.shape, info.name
        assert not {t.name for t in model.initializer} & {v.name for v in model.input}


def test_onnxruntime_gives_the_scores_at_every_site(exported: Export, name: str) -> None:
    found = exported(name)
    other = copy.copy(found.plan)
    module = found.plan.module
    functions = {g.name: session(found.folder / f"{g.name}.onnx") for g in module.graphs}
    other.executor = Executor(module, functions)
    inputs = random_inputs(found.plan.module.main, 2, seed=1)
    wanted, scores = found.plan(inputs), other(inputs)
    for output in found.plan.output_names:
        scale = np.abs(wanted[output].reference).max()
        np.testing.assert_allclose(
            scores[output].alternate, wanted[output].alternate, rtol=0, atol=1e-5 * scale
        )
        assert np.abs(wanted[output].delta()).max() > 1e-3 * scale  # there is something to see


def test_the_source_graph_runs_to_the_predictions(exported: Export, name: str) -> None:
    found = exported(name)
    inputs = random_inputs(found.plan.module.main, 3, seed=2)
    results = session(found.folder / "source.onnx")(inputs)
    saved = found.plan.executor.reference(inputs)
    for value in found.plan.executor.heads:
        np.testing.assert_allclose(results[value], saved[value], rtol=1e-4, atol=1e-5)


def test_the_source_graph_keeps_every_node_and_value(exported: Export, name: str) -> None:
    found = exported(name)
    source = onnx.load(found.folder / "source.onnx").graph
    main = found.plan.stage["segmented"].main
    made = {output for node in source.node for output in node.output}
    assert {value.name for node in main.nodes for value in node.results} <= made
    declared = {v.name for v in (*source.input, *source.output, *source.value_info)}
    assert declared == set(main.values)
