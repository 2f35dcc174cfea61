"""Graphs of a module as executable ONNX models, from the ONNX forms of their ops.

One IR node is one ONNX node, or a few; tensors and nodes keep the IR's names. A node that has no
ONNX form (a live Keras layer, an op of the user's) is a call of a function that the model carries.
"""

from __future__ import annotations

from typing import Protocol

import onnx

from fastism.backends.onnx.forms import FORMS, Writer
from fastism.backends.onnx.live import DOMAIN, Opaque, live_function
from fastism.backends.onnx.types import value_info
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module

OPSET = 17
"""The ONNX operator set written unless the user says otherwise."""

IR_VERSION = 10
"""The first with metadata on nodes and values; onnx 1.16 and onnxruntime 1.18 read it."""


class Notes(Protocol):
    """What is to be said of the nodes and values of a model, as metadata."""

    def on_node(self, made: onnx.NodeProto, node: Node) -> None:
        """Say it of one of the ONNX nodes that an IR node became."""

    def on_value(self, declared: onnx.ValueInfoProto, value: Value) -> None:
        """Say it of a value's declaration."""


def written(module: Module, opaque: Opaque, opset: int = OPSET) -> dict[str, onnx.ModelProto]:
    """Every graph of a module as an ONNX model, by the graph's name; see `write`."""
    return {graph.name: write(module, graph, opaque, opset) for graph in module.graphs}


def write(
    module: Module, graph: Graph, opaque: Opaque, opset: int = OPSET, notes: Notes | None = None
) -> onnx.ModelProto:
    """One graph of a canonical module, or of a later stage, as an ONNX model.

    Inputs, outputs and their batch axes are named as in the IR; weights are initializers. Raises
    LoweringError for a layer that neither has an ONNX form nor converts.
    """
    weights: dict[str, onnx.TensorProto] = {}
    functions: list[onnx.FunctionProto] = []
    nodes: list[onnx.NodeProto] = []
    for node in graph.nodes:
        form = FORMS.get(node.op)
        if form is not None:
            writer = Writer(module, graph, node, weights, opset)
            made = writer.finish(form(writer, node, node.inputs))
        else:
            functions.append(live_function(module, graph, node, opaque, opset))
            made = [_call(node)]
        if notes is not None:
            for each in made:
                notes.on_node(each, node)
        nodes.extend(made)
    imports = {"": opset}
    for function in functions:
        imports[DOMAIN] = 1
        imports.update((entry.domain, entry.version) for entry in function.opset_import)
    return onnx.helper.make_model(
        _graph(graph, nodes, weights, notes),
        ir_version=IR_VERSION,
        producer_name="fastism",
        functions=functions,
        opset_imports=[onnx.helper.make_opsetid(*entry) for entry in imports.items()],
    )


def _call(node: Node) -> onnx.NodeProto:
    inputs, results = dict.fromkeys(node.inputs), [value.name for value in node.results]
    return onnx.helper.make_node(node.name, inputs, results, name=node.name, domain=DOMAIN)


def _graph(
    graph: Graph,
    nodes: list[onnx.NodeProto],
    weights: dict[str, onnx.TensorProto],
    notes: Notes | None,
) -> onnx.GraphProto:
    """The whole graph, every value of the IR declared."""
    declared = {name: value_info(name, value.type) for name, value in graph.values.items()}
    if notes is not None:
        for name, value in graph.values.items():
            notes.on_value(declared[name], value)
    inputs = [value.name for value in graph.inputs]
    outputs = list(dict.fromkeys(graph.outputs))  # two outputs may be one value
    inner = [info for name, info in declared.items() if name not in {*inputs, *outputs}]
    return onnx.helper.make_graph(
        nodes,
        graph.name,
        [declared[name] for name in inputs],
        [declared[name] for name in outputs],
        list(weights.values()),
        value_info=inner,
    )
