"""What a viewer shows on the source graph: the compiler's findings, on every node and value."""

from __future__ import annotations

import json

import onnx

from fastism.export.metadata import metadata
from tests.exported import Export, Exported


def source(found: Exported) -> onnx.ModelProto:
    return onnx.load(found.folder / "source.onnx")


def test_nodes_say_how_they_run(exported: Export) -> None:
    nodes = {node.name: node for node in source(exported("global_maximum")).graph.node}
    conv = nodes["conv1d:Conv"]
    assert metadata(conv) == {
        "op": "conv1d",
        "layer": "conv1d",
        "kind": "Conv1D",
        "segment": "1",
        "mode": "delta",
        "change": "5",
        "change_at": "20:[18,23)",
        "need": "all",
    }
    assert conv.doc_string == "segment 1, delta: only its change is computed, on a window."
    for name in ("conv1d:Transpose", "conv1d"):
        assert (nodes[name].op_type, metadata(nodes[name])) == ("Transpose", metadata(conv))
    pool = nodes["global_max_pooling1d"]
    assert metadata(pool)["mode"] == "exit"
    assert metadata(pool)["stop"] == "pools over the whole length"
    assert "Locality ends here: pools over the whole length." in pool.doc_string
    assert metadata(nodes["head"])["mode"] == "whole"


def test_values_say_what_changes_and_what_is_needed(exported: Export) -> None:
    graph = source(exported("global_maximum")).graph
    values = {v.name: v for v in (*graph.input, *graph.output, *graph.value_info)}
    pooled = values["max_pooling1d"]
    assert pooled.doc_string == "f32[N,20,6] change=3 @20:[9,12) need=all"
    assert metadata(pooled) == {
        "type": "f32[N,20,6]",
        "change": "3",
        "change_at": "20:[9,12)",
        "need": "all",
    }
    assert values["head"].doc_string == "f32[N,2] change=all need=all"
    assert metadata(values["sequence"])["change"] == "1"


def test_the_model_says_what_it_is(exported: Export) -> None:
    facts = metadata(source(exported("local_and_global_outputs")))
    assert json.loads(facts["outputs"]) == {"track": "track.softplus", "label": "label.sigmoid"}
    assert (facts["stage"], facts["sites"]) == ("segmented", "40")
    assert facts["seq_input"] == "sequence"


def test_a_live_layer_is_a_function_of_the_model(exported: Export) -> None:
    model = source(exported("lstm"))
    (function,) = model.functions
    assert (function.domain, function.name) == ("fastism", "memory")
    assert "layer 'memory'" in function.doc_string
    (call,) = (node for node in model.graph.node if node.domain == "fastism")
    assert (call.op_type, metadata(call)["op"]) == ("memory", "opaque")
    assert metadata(call)["stop"]
    assert any(entry.domain == "fastism" for entry in model.opset_import)


def nodes_of(found: Exported, graph: str) -> dict[str, onnx.NodeProto]:
    return {node.name: node for node in onnx.load(found.folder / f"{graph}.onnx").graph.node}


def test_the_graphs_that_run_say_what_they_are_made_for(exported: Export) -> None:
    found = exported("global_maximum")
    conv = {
        "layer": "conv1d",
        "kind": "Conv1D",
        "segment": "1",
        "mode": "delta",
        "change": "5",
        "change_at": "20:[18,23)",
        "need": "all",
    }
    assert metadata(nodes_of(found, "intout")["conv1d"]) == {"op": "conv1d", **conv}
    spread = nodes_of(found, "propagate0")["conv1d.spread"]
    assert metadata(spread) == {
        "op": "conv1d_spread",
        "of": "conv1d",
        **conv,
        "sites": "40 of 40, in [0,40)",
    }
    assert spread.doc_string == "segment 1, delta: only its change is computed, on a window."
    moved = metadata(nodes_of(found, "propagate0")["conv1d.reference"])
    assert (moved["op"], moved["layer"], moved["segment"]) == ("window", "conv1d", "1")


def test_every_node_and_value_of_them_is_kept_and_says_something(exported: Export) -> None:
    found = exported("local_and_global_outputs")
    for graph in found.plan.module.graphs:
        model = onnx.load(found.folder / f"{graph.name}.onnx")
        made = {output for node in model.graph.node for output in node.output}
        assert {value.name for node in graph.nodes for value in node.results} <= made
        assert {node.name for node in graph.nodes} <= {node.name for node in model.graph.node}
        declared = (*model.graph.input, *model.graph.output, *model.graph.value_info)
        values = {value.name: metadata(value) for value in declared}
        assert set(values) == set(graph.values)
        for name, facts in values.items():
            assert facts["type"] == str(graph.values[name].type)
            assert ("change" in facts) == (name not in ("item/sequence", "item/site"))
        for node in model.graph.node:
            assert {"op", "layer", "segment", "mode", "change", "need"} <= set(metadata(node))
            assert ("sites" in metadata(node)) == (graph.name != "intout")


def test_a_propagation_graph_says_where_it_begins_and_where_locality_ends(exported: Export) -> None:
    found = exported("global_maximum")
    facts = metadata(onnx.load(found.folder / "propagate0.onnx"))
    assert (facts["stage"], facts["sites"]) == ("scheduled", "40 of 40, in [0,40)")
    assert set(json.loads(facts["outputs"])) == {"head"}
    stops = [metadata(node).get("stop") for node in nodes_of(found, "propagate0").values()]
    assert "pools over the whole length" in stops
    edit = next(
        value
        for value in onnx.load(found.folder / "propagate0.onnx").graph.input
        if value.name == "item/edit"
    )
    assert metadata(edit)["of"] == "sequence"
