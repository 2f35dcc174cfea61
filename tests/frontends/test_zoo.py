"""Every zoo model: its module is sane, and computes what the model computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pytest

from fastism.backends import reference
from fastism.frontends.keras.lowering.functional import functional_graph
from fastism.ir.module import Module
from fastism.runtime.inputs import own_forms
from tests.compare import TOLERANCES
from tests.zoo import ENTRIES, EVERY, Entry
from tests.zoo.evaluate import predict, random_inputs

Lowered: TypeAlias = tuple[Entry, Any, Module, Mapping[str, Any]]
"""An entry, its model, the module it was lowered to, and the layers that run live."""


@pytest.fixture(scope="module", params=EVERY)
def case(request: pytest.FixtureRequest, compiled: Callable) -> Lowered:
    case = compiled(request.param)
    return ENTRIES[request.param], case.model, case.plan.stage["imported"], case.plan.opaque


def own(module: Module, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as the model takes them, which is another form where its channels come first."""
    return dict(zip(inputs, own_forms(module, inputs), strict=True))


def test_opaque_is_what_was_expected_and_no_more(case: Lowered) -> None:
    entry, _, module, opaque = case
    assert set(opaque) == entry.opaque | entry.windowed
    nodes = [node for graph in module.graphs for node in graph.nodes]
    for op, expected in (("opaque", entry.opaque), ("windowed_opaque", entry.windowed)):
        keys = [node["key"] for node in nodes if node.op == op]
        assert sorted(map(str, keys)) == sorted(expected)


def test_module_is_whole(case: Lowered) -> None:
    module = case[2]
    for graph in module.graphs:
        names = [value.name for value in graph.inputs]
        for node in graph.nodes:
            assert node.origin is not None
            assert set(node.inputs) <= set(names), f"{node.name} reads what is not defined yet"
            assert all(key in module.constants for _, key in node.constants)
            if node.op == "call":
                called = module.graph[str(node["graph"])]
                assert tuple(value.type for value in node.results) == called.types(called.outputs)
                assert graph.types(node.inputs) == called.types(v.name for v in called.inputs)
            names += [value.name for value in node.results]
        assert len(set(names)) == len(names)
    assert module.seq_input in module.main.values
    assert len(module.outputs) == len(module.main.outputs) == len(set(module.outputs))


def test_types_are_those_of_the_layers(case: Lowered) -> None:
    """The last value of every layer has the shape Keras infers for it, where Keras knows it."""
    _, model, module, _ = case
    functional = functional_graph(model)
    if functional is None:
        return
    values = module.main.values
    seen = 0
    for layer in functional.layers:
        once = len(layer._inbound_nodes) == 1 and not isinstance(layer.output, (list, tuple))
        if not once or layer.name not in values:
            continue  # called more than once, of several results, or in another graph
        own = [name for name in values if name.split("/")[0] == layer.name]
        names = [name for name in own if not name.endswith("/mask")]
        shape, inferred = values[names[-1]].type.shape[1:], layer.output.shape[1:]
        pairs = list(zip(shape, inferred, strict=True))
        assert all(known in (None, dim) for dim, known in pairs), (layer.name, shape, inferred)
        seen += 1
    assert seen


def test_module_computes_what_the_model_computes(case: Lowered) -> None:
    entry, model, module, opaque = case
    inputs = random_inputs(module)
    values = reference.run(module, "main", inputs, opaque=opaque)
    expected = predict(model, own(module, inputs))
    assert len(expected) == len(module.main.outputs)
    for name, array in zip(module.main.outputs, expected, strict=True):
        tolerance = 2 * TOLERANCES[entry.computes_in] * max(1.0, float(np.abs(array).max()))
        np.testing.assert_allclose(values[name], array, rtol=0, atol=tolerance, err_msg=name)


def test_no_model_is_idle(case: Lowered) -> None:
    """Outputs differ between sequences, so that a comparison of them means something."""
    entry, model, module, _ = case
    for array in predict(model, own(module, random_inputs(module))):
        assert np.abs(array[0] - array[1]).max() > 1e-4, entry.name


def test_there_are_many_models() -> None:
    assert len(ENTRIES) >= 100
