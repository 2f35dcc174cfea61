"""Lower one functional graph of Keras, and the models nested in it, node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
from keras.src.backend import get_keras_mask
from keras.src.models.functional import Functional

from fastism.frontends.keras import handlers  # noqa: F401  (imported to register)
from fastism.frontends.keras.calls.call import (
    Call,
    Expression,
    NotExpressible,
    of_keras,
    refuse,
    slotted,
)
from fastism.frontends.keras.calls.composer import Composer, require_fit
from fastism.frontends.keras.calls.dtypes import (
    FLOATING,
    cast_call,
    compute_scope,
    element_type,
    own_type,
)
from fastism.frontends.keras.calls.trace import expressed
from fastism.frontends.keras.live.apart import check_apart
from fastism.frontends.keras.live.custom import WHOLE, declaration
from fastism.frontends.keras.live.masks import makes_mask, passes_mask, reads_mask
from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.frontends.keras.live.probe import OP, windowed_node
from fastism.frontends.keras.lowering.functional import functional_graph
from fastism.frontends.keras.lowering.inputs import layer_names
from fastism.frontends.keras.lowering.tokens import counted, mask_step, vocabulary
from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Attribute, Graph
from fastism.ir.module import Constant
from fastism.ir.origin import INPUT_LAYER, INPUT_LAYERS, Origin
from fastism.ir.types import TensorType


class ModuleBuilder:
    """The graphs, constants and opaque layers of one module, as they are found."""

    def __init__(self) -> None:
        self.constants: dict[str, Constant] = {}
        self.opaque: dict[str, OpaqueLayer] = {}
        self.graphs: list[Graph] = []
        self._names = {"main"}
        self._nested: dict[tuple[int, tuple[TensorType, ...]], tuple[Graph, tuple[int, ...]]] = {}

    def main(self, model: Functional, names: Sequence[str], types: Sequence[TensorType]) -> Graph:
        """Lower the whole model; its nested models become graphs of their own, after it."""
        graph = GraphLowering(self, model, "main", "").run(names, types)
        layers = layer_names(model.inputs)
        if layers != list(names):
            graph = graph.replace(attributes={**graph.attributes, INPUT_LAYERS: tuple(layers)})
        self.graphs.insert(0, graph)
        keys = {node.attributes.get("key") for made in self.graphs for node in made.nodes}
        self.opaque = {key: layer for key, layer in self.opaque.items() if key in keys}
        return graph

    def nested(
        self, model: Functional, types: Sequence[TensorType], name: str, path: str
    ) -> tuple[Graph, tuple[int, ...]]:
        """The graph of a nested model for some input types, lowered once.

        It returns the masks of its outputs as well, behind them; of which outputs, comes second.
        """
        key = (id(model), tuple(types))
        if key not in self._nested:
            unique = _unique(name, self._names)
            self._names.add(unique)
            lowering = GraphLowering(self, model, unique, path)
            graph = lowering.run(layer_names(model.inputs), types)
            names = graph.outputs[: len(model.outputs)]
            masked = tuple(i for i, output in enumerate(names) if output in lowering.masks)
            self._nested[key] = graph, masked
            self.graphs.append(graph)
        return self._nested[key]

    def keep(self, name: str, **fields: Any) -> OpaqueLayer:
        """Keep a layer opaque, under a key of its own."""
        key = _unique(name, self.opaque)
        self.opaque[key] = OpaqueLayer(key, **fields)
        return self.opaque[key]


class GraphLowering:
    """Lowers one functional graph; ``path`` is that of its model, with a slash, or empty."""

    def __init__(self, module: ModuleBuilder, model: Functional, name: str, path: str) -> None:
        self.module = module
        self.model = model
        self.path = path
        self.builder = GraphBuilder(name, module.constants)
        self.values: dict[int, str] = {}
        """Value names by the id of the Keras tensor."""
        self.masks: dict[str, str] = {}
        """The mask of a value, by the value's name."""
        self.one_hot: dict[str, str] = {}
        """The rows that a value of tokens was made from, by its name."""
        self.unseen: set[str] = set()
        """Values whose masks hang on tensors of numbers, and not, or others, on symbolic ones."""

    def run(self, names: Sequence[str], types: Sequence[TensorType]) -> Graph:
        """The graph for these names and types of the model's inputs."""
        for name, tensor, type in zip(names, self.model.inputs, types, strict=True):
            self.values[id(tensor)] = self.input(name, tensor, type)
        for node in self._nodes():
            self._lower(node)
        outputs = [self.values[id(tensor)] for tensor in self.model.outputs]
        masks = [self.masks[name] for name in outputs if self.path and name in self.masks]
        graph = self.builder.finish([*outputs, *masks])
        # What computes a mask, or tokens, that no live layer reads is of no use.
        kept = graph.replace(outputs=(*graph.outputs, *self.one_hot)).prune()
        return kept.replace(outputs=graph.outputs) if self.masks or self.one_hot else graph

    def input(self, name: str, tensor: Any, type: TensorType) -> str:
        """Declare an input; the value that has the Keras tensor's own shape."""
        value = self.builder.input(name, type)
        if len(tensor.shape) == type.rank:
            return value
        if len(tensor.shape) < type.rank:
            return self._tokens(name, value, element_type(tensor.dtype))
        shape = tuple(-1 if extent is None else int(extent) for extent in tensor.shape[1:])
        return self.builder.add(
            "reshape",
            [value],
            name=f"{name}/reshape",
            attributes={"shape": shape},
            origin=Origin(name, INPUT_LAYER),
        )

    def _tokens(self, name: str, rows: str, dtype: str | None) -> str:
        """One-hot rows as the numbers of tokens that they stand for."""
        origin = Origin(self.path + name, INPUT_LAYER)
        attributes = {"dtype": dtype}
        name = f"{name}/token"
        tokens = self.builder.add("token", [rows], name=name, attributes=attributes, origin=origin)
        self.one_hot[tokens] = rows
        return tokens

    def _nodes(self) -> Iterator[Any]:
        """The calls of the graph, each after those it reads."""
        for depth in sorted(self.model._nodes_by_depth, reverse=True):
            yield from (node for node in self.model._nodes_by_depth[depth] if not node.is_input)

    def _lower(self, node: Any) -> None:
        operation, given = node.operation, (node.arguments.args, self._keywords(node))
        leaves = keras.tree.flatten(given)
        tensors = [leaf for leaf in leaves if isinstance(leaf, keras.KerasTensor)]
        inputs = [self.values[id(tensor)] for tensor in tensors]
        types = tuple(self.builder.values[name].type for name in inputs)
        own = tuple(own_type(t, type) for t, type in zip(tensors, types, strict=True))
        call = Call(operation, types, *slotted(*given), own)
        origin = Origin(self.path + operation.name, type(operation).__name__)
        try:
            if any(name in self.masks for name in inputs) and reads_mask(call):
                refuse("it may read the mask of what it is given")
            inner = functional_graph(operation)
            if declaration(operation) is not None:
                refuse("its user registered it")
            if inner is not None:
                results = self._call(call, inner, inputs, origin)
            elif makes_mask(operation) and mask_step(call) is None:
                refuse("it may give its result a mask")
            else:
                results = self._steps(call, inputs, origin, node.outputs)
        except NotExpressible as reason:
            results = self.live(call, inputs, origin, str(reason))
        for tensor, name in zip(node.outputs, results, strict=True):
            self.values[id(tensor)] = name
            lost = name in self.masks and get_keras_mask(tensor) is None
            if lost or not self.unseen.isdisjoint(inputs):
                self.unseen.add(name)

    def _keywords(self, node: Any) -> dict[str, Any]:
        """The keywords of a call, without a mask that hangs on its tensor or that it ignores.

        Nor with ``training``: at prediction time a model says False to each of its layers.
        """
        keywords = dict(node.arguments.kwargs)
        if isinstance(node.operation, keras.Layer):
            keywords.pop("training", None)
        first = node.arguments.keras_tensors[0]
        name = self.values[id(first)]
        hangs = name in self.masks and name not in self.unseen
        if (hangs and keywords.get("mask") is get_keras_mask(first)) or isinstance(
            node.operation, keras.layers.BatchNormalization
        ):
            keywords.pop("mask", None)
        return keywords

    def _steps(
        self, call: Call, inputs: list[str], origin: Origin, outputs: Sequence[Any]
    ) -> Sequence[str]:
        """Add the nodes of a call the IR can express; the names of its values."""
        if counted(call.operation) and inputs[0] in self.one_hot:
            inputs = [self.one_hot[inputs[0]]]
            call = replace(call, types=(self.builder.values[inputs[0]].type,))
        call, given = cast_call(call, outputs[0]), call.types
        with compute_scope(call.operation):
            expression = expressed(call)
        self._check(call, expression, outputs)
        passed = inputs[0] in self.masks and passes_mask(call, expression)
        if passed and len(outputs) > 1:
            refuse("several results of it have a mask")
        name = self.builder.unique(call.operation.name)
        inputs = [
            source if type == wanted else self._cast(source, wanted, name, origin)
            for source, type, wanted in zip(inputs, given, call.types, strict=True)
        ]
        results = self._chain(expression, inputs, name, origin)
        step = mask_step(call)
        if step is not None:
            mask = Expression((step,), (len(inputs),))
            (self.masks[results[0]],) = self._chain(mask, inputs, f"{results[0]}/mask", origin)
        elif passed:
            self.masks[results[0]] = self.masks[inputs[0]]
        return results

    def _cast(self, source: str, wanted: TensorType, name: str, origin: Origin) -> str:
        attributes = {"dtype": wanted.dtype}
        name = f"{name}/cast"
        return self.builder.add("cast", [source], name=name, attributes=attributes, origin=origin)

    def _chain(
        self, expression: Expression, inputs: list[str], name: str, origin: Origin
    ) -> list[str]:
        """Add the nodes of an expression; the names of its results."""
        values = list(inputs)
        for index, step in enumerate(expression.steps):
            constants = {
                role: self.builder.constant(f"{origin.layer}.{role}", array)
                for role, array in step.constants.items()
            }
            result = self.builder.add(
                step.op,
                inputs if step.reads is None else [values[read] for read in step.reads],
                name=f"{name}/{step.op}" if index else name,
                attributes=step.attributes,
                constants=constants,
                origin=origin,
            )
            values.append(result)
            inputs = [result]
        return [values[index] for index in expression.results]

    def _check(self, call: Call, expression: Expression, outputs: Sequence[Any]) -> None:
        """Raise NotExpressible unless the steps type-check and give what Keras infers."""
        composer = Composer(call.types)
        made = composer.inline(expression, range(len(call.types)))
        for index, result in zip(made, outputs, strict=True):
            require_fit(composer.types[index], element_type(result.dtype), result)

    def _call(
        self, call: Call, inner: Functional, inputs: list[str], origin: Origin
    ) -> Sequence[str]:
        """Add a call of a nested model's graph; the names of its values."""
        call.require_plain()
        if len(call.arguments) != 1 or len(call.types) != len(inner.inputs):
            refuse("a nested model is called with another number of inputs than it has")
        if isinstance(call.arguments[0], dict) != isinstance(inner._inputs_struct, dict):
            refuse("a nested model is called with inputs of another structure than its own")
        name, given = call.operation.name, list[str]()
        for tensor, type, source in zip(inner.inputs, call.types, inputs, strict=True):
            wanted = TensorType(element_type(tensor.dtype) or type.dtype, type.shape)
            castable = {type.dtype, wanted.dtype} <= set(FLOATING)
            if len(tensor.shape) != type.rank or (type != wanted and not castable):
                refuse(f"a nested model converts its input {type} to {tensor.dtype}{tensor.shape}")
            if source in self.one_hot and vocabulary(inner, tensor) is not None:
                given.append(self.one_hot[source])
            elif type != wanted:
                given.append(self._cast(source, wanted, name, origin))
            else:
                given.append(source)
        types = [self.builder.values[source].type for source in given]
        graph, masked = self.module.nested(inner, types, name, f"{origin.layer}/")
        attributes: dict[str, Attribute] = {"graph": graph.name}
        results = self._add_all("call", given, name, attributes, origin, graph.types(graph.outputs))
        count = len(inner.outputs)
        self.masks.update((results[i], m) for i, m in zip(masked, results[count:], strict=True))
        return results[:count]

    def live(self, call: Call, inputs: list[str], origin: Origin, why: str) -> Sequence[str]:
        """Add a node that runs the live layer; the names of its values.

        It is opaque, or runs on windows where its user registered it with one.
        """
        declared = declaration(call.operation)
        name = self.builder.unique(call.operation.name)
        given = {i: self.masks[source] for i, source in enumerate(inputs) if source in self.masks}
        layer = self.module.keep(
            self.path + name,
            operation=call.operation,
            arguments=(call.arguments, call.keywords),
            types=call.own or call.types,
            why=why,
            delta=declared.delta if declared else None,
            numpy=declared.numpy if declared else None,
            masked={index: self.builder.values[mask].type for index, mask in given.items()},
        )
        if given or makes_mask(call.operation):
            layer.find_masks()
        check_apart(layer)
        stop = "reads the mask of what it is given" if given else None
        if declared is not None:
            stop = stop or ("gives its result a mask" if layer.masks else None)
            stop = stop or (WHOLE if declared.kernel is None else None)
        if declared is not None and stop is None:
            op, attributes = OP, dict(windowed_node(layer, declared).attributes)
        else:
            stop = stop or f"run by the live layer: {why}{_help(call.operation)}"
            op, attributes = "opaque", {"key": layer.key, "why": stop, "weights": layer.size}
        inputs = [*inputs, *given.values()]
        results = self._add_all(op, inputs, name, attributes, origin, layer.result_types())
        count = len(results) - len(layer.masks)
        pairs = zip(layer.masks, results[count:], strict=True)
        self.masks.update((results[index], mask) for index, mask in pairs)
        return results[:count]

    def _add_all(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, Attribute],
        origin: Origin,
        results: Sequence[TensorType],
    ) -> Sequence[str]:
        self.builder.add(
            op, inputs, name=name, attributes=attributes, origin=origin, results=results
        )
        return [value.name for value in self.builder.last.results]


def _help(operation: Any) -> str:
    """What would keep a layer of the user's on windows; nothing for Keras's own, or a model."""
    if of_keras(operation) or isinstance(operation, keras.Model):
        return ""
    return " (fastism.register_layer declares its window, if it has one)"


def _unique(name: str, taken: Any) -> str:
    """``name``, or ``name:2``, ``name:3``... where it is taken."""
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}:{count}", count + 1
    return candidate
