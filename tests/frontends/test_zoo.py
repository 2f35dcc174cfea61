"""Every zoo model: its module is sane, and computes what the model computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.backends import reference
from fastism.frontends.keras.lower import Lowered, lower
from fastism.frontends.keras.quiet import keras
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from tests.zoo import ENTRIES, Entry

ROWS = 2


@pytest.fixture(scope="module", params=list(ENTRIES))
def case(request: pytest.FixtureRequest) -> tuple[Entry, Any, Lowered]:
    entry = ENTRIES[request.param]
    model = entry.build()
    return entry, model, lower(model, length=entry.length)


def _inputs(graph: Graph) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    return {
        value.name: random.normal(size=(ROWS, *value.type.shape[1:])).astype("float32")
        for value in graph.inputs
    }


def _predict(model: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The model's own predictions, flattened as it flattens them."""
    arrays = list(inputs.values())
    structure = getattr(model, "_inputs_struct", None)
    given = keras.tree.pack_sequence_as(structure, arrays) if structure else arrays[0]
    return [np.asarray(y) for y in keras.tree.flatten(model(given, training=False))]


def test_opaque_is_what_was_expected_and_no_more(case: tuple[Entry, Any, Lowered]) -> None:
    entry, _, lowered = case
    assert set(lowered.opaque) == entry.opaque
    nodes = [node for graph in lowered.module.graphs for node in graph.nodes]
    keys = [node["key"] for node in nodes if node.op == "opaque"]
    assert sorted(map(str, keys)) == sorted(entry.opaque)


def test_module_is_whole(case: tuple[Entry, Any, Lowered]) -> None:
    module = case[2].module
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


def test_types_are_those_of_the_layers(case: tuple[Entry, Any, Lowered]) -> None:
    """Every layer's value has the shape its Keras tensors have in a run on arrays."""
    _, model, lowered = case
    if not hasattr(model, "layers") or not getattr(model, "inputs", None):
        return
    by_layer = {}
    for node in lowered.module.main.nodes:
        assert node.origin is not None
        by_layer.setdefault(node.origin.layer, []).append(node)
    for layer in model.layers:
        nodes = by_layer.get(layer.name, [])
        calls = {node.name.split("/")[0]: node for node in nodes}  # the last node of each call
        for node, call in zip(calls.values(), _calls(model, layer), strict=True):
            for value, tensor in zip(node.results, call.outputs, strict=True):
                assert value.type.rank == len(tensor.shape)
                known = [(a, b) for a, b in zip(value.type.shape, tensor.shape, strict=True) if b]
                assert all(a == b for a, b in known), (node.name, value.type, tensor.shape)


def _calls(model: Any, layer: Any) -> list[Any]:
    functional = getattr(model, "_functional", model)
    nodes = [node for depth in functional._nodes_by_depth.values() for node in depth]
    own = [node for node in layer._inbound_nodes if node in nodes and not node.is_input]
    return sorted(own, key=nodes.index, reverse=False) if len(own) < 2 else own


def test_module_computes_what_the_model_computes(case: tuple[Entry, Any, Lowered]) -> None:
    _, model, lowered = case
    module: Module = lowered.module
    inputs = _inputs(module.main)
    values = reference.run(module, "main", inputs, opaque=lowered.opaque)
    expected = _predict(model, inputs)
    assert len(expected) == len(module.main.outputs)
    for name, array in zip(module.main.outputs, expected, strict=True):
        tolerance = 2e-5 * max(1.0, float(np.abs(array).max()))
        np.testing.assert_allclose(values[name], array, rtol=0, atol=tolerance, err_msg=name)


def test_no_model_is_idle(case: tuple[Entry, Any, Lowered]) -> None:
    """Outputs differ between sequences, so that a comparison of them means something."""
    entry, model, lowered = case
    for array in _predict(model, _inputs(lowered.module.main)):
        assert np.abs(array[0] - array[1]).max() > 1e-4, entry.name


def test_there_are_many_models() -> None:
    assert len(ENTRIES) >= 100
