"""The model itself, as standard ONNX with the compiler's findings on every node and value.

One IR node is one ONNX node, or a few that carry its facts alike: ONNX keeps channels before
positions, so a convolution is transposed on both sides. An op that has no ONNX form (a live Keras
layer, an op of the user's) is a call of a function that the model carries, converted by tf2onnx.
"""

from __future__ import annotations

import json

import onnx

from fastism.backends.onnx.convert import IR_VERSION, OPSET, Opaque, convert
from fastism.backends.onnx.forms import FORMS, Writer
from fastism.backends.onnx.types import value_info
from fastism.export.metadata import Annotations, node_text, set_metadata, value_text
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module

DOMAIN = "fastism"
"""The domain of the functions a model carries."""


def source_model(module: Module, opaque: Opaque, opset: int = OPSET) -> onnx.ModelProto:
    """The main graph of a canonical (best: segmented) module as an executable, annotated model.

    Tensors and nodes keep the IR's names. Raises LoweringError for a layer that neither has an
    ONNX form nor converts.
    """
    builder = _Builder(module, opaque, opset)
    nodes = [made for node in module.main.nodes for made in builder.annotated(node)]
    imports = {"": opset}
    for function in builder.functions:
        imports[DOMAIN] = 1
        imports.update((entry.domain, entry.version) for entry in function.opset_import)
    model = onnx.helper.make_model(
        builder.graph(nodes),
        ir_version=IR_VERSION,
        producer_name="fastism",
        functions=builder.functions,
        opset_imports=[onnx.helper.make_opsetid(*entry) for entry in imports.items()],
    )
    set_metadata(model, _facts(module))
    return model


def _facts(module: Module) -> dict[str, object]:
    return {
        "stage": module.stage,
        "model": module.model or None,
        "sha256": module.sha256 or None,
        "seq_input": module.seq_input,
        "outputs": json.dumps(dict(zip(module.outputs, module.main.outputs, strict=True))),
        "sites": len(module.sites) if module.sites is not None else None,
    }


class _Builder:
    """Turns the nodes of a module's main graph, collecting the weights and functions they need."""

    def __init__(self, module: Module, opaque: Opaque, opset: int) -> None:
        self.weights: dict[str, onnx.TensorProto] = {}
        self.functions: list[onnx.FunctionProto] = []
        self._module = module
        self._opaque = opaque
        self._opset = opset
        self._notes = Annotations(module.sites)

    def annotated(self, node: Node) -> list[onnx.NodeProto]:
        """The ONNX nodes of one IR node, each with its facts."""
        facts = self._notes.of_node(node)
        nodes = self._nodes(node)
        for made in nodes:
            set_metadata(made, facts)
            made.doc_string = node_text(facts)
        return nodes

    def graph(self, nodes: list[onnx.NodeProto]) -> onnx.GraphProto:
        """The whole graph, every value of the IR declared with its facts."""
        main = self._module.main
        declared = {name: self._declared(value) for name, value in main.values.items()}
        inputs = [value.name for value in main.inputs]
        outputs = list(dict.fromkeys(main.outputs))  # two outputs may be one value
        inner = [info for name, info in declared.items() if name not in {*inputs, *outputs}]
        return onnx.helper.make_graph(
            nodes,
            main.name,
            [declared[name] for name in inputs],
            [declared[name] for name in outputs],
            list(self.weights.values()),
            value_info=inner,
        )

    def _declared(self, value: Value) -> onnx.ValueInfoProto:
        info, facts = value_info(value.name, value.type), self._notes.of_value(value)
        set_metadata(info, facts)
        info.doc_string = value_text(facts)
        return info

    def _nodes(self, node: Node) -> list[onnx.NodeProto]:
        write = FORMS.get(node.op)
        if write is not None:
            writer = Writer(self._module, node, self.weights)
            return writer.finish(write(writer, node, node.inputs))
        function = self._function(node)
        self.functions.append(function)
        call = onnx.helper.make_node(
            function.name, function.input, function.output, name=node.name, domain=DOMAIN
        )
        return [call]

    def _function(self, node: Node) -> onnx.FunctionProto:
        """A node alone as an ONNX function; its weights are constants of the function."""
        values = self._module.main.values
        inputs = tuple(Value(name, values[name].type) for name in dict.fromkeys(node.inputs))
        results = tuple(value.name for value in node.results)
        graph = Graph(node.name, inputs, (node,), results)
        alone = convert(self._module, graph, self._opaque, self._opset)
        constants = [
            onnx.helper.make_node("Constant", [], [tensor.name], value=tensor)
            for tensor in alone.graph.initializer
        ]
        return onnx.helper.make_function(
            DOMAIN,
            node.name,
            [value.name for value in inputs],
            results,
            [*constants, *alone.graph.node],
            alone.opset_import,
            doc_string=f"layer {node.origin.layer!r}, by tf2onnx" if node.origin else "",
        )
