"""Lower one functional graph of Keras, and the models nested in it, node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
from keras.src.models.functional import Functional

from fastism.errors import ModelError, VerifyError
from fastism.frontends.keras import handlers  # noqa: F401  (imported to register)
from fastism.frontends.keras.call import Call, NotExpressible, Slot, Step, express, refuse
from fastism.frontends.keras.opaque import OpaqueLayer
from fastism.ir.builder import GraphBuilder, complete, infer
from fastism.ir.graph import Graph, Node
from fastism.ir.module import Constant
from fastism.ir.origin import Origin
from fastism.ir.types import SHORT_DTYPES, TensorType


def functional_graph(model: object) -> Functional | None:
    """The functional graph a model runs, or None for one that runs code of its own."""
    if isinstance(model, keras.Sequential):
        ordinary = type(model).call is keras.Sequential.call
        return model._functional if ordinary else None
    if isinstance(model, Functional):
        return model if type(model).call is Functional.call else None
    return None


def tensor_type(tensor: keras.KerasTensor, shape: Sequence[Any]) -> TensorType:
    """The type of a Keras tensor with its shape filled in. Raises ModelError for odd elements."""
    dtype = SHORT_DTYPES.get(keras.backend.standardize_dtype(tensor.dtype))
    if dtype is None:
        raise ModelError(
            f"the input {tensor.name!r} holds {tensor.dtype} elements",
            attempt=f"build the model with one of {', '.join(SHORT_DTYPES)}",
        )
    return TensorType(dtype, ("N", *shape[1:]))


class ModuleBuilder:
    """The graphs, constants and opaque layers of one module, as they are found."""

    def __init__(self) -> None:
        self.constants: dict[str, Constant] = {}
        self.opaque: dict[str, OpaqueLayer] = {}
        self.graphs: list[Graph] = []
        self._names = {"main"}
        self._nested: dict[tuple[int, tuple[TensorType, ...]], Graph] = {}

    def main(self, model: Functional, types: Sequence[TensorType]) -> Graph:
        """Lower the whole model; its nested models become graphs of their own, after it."""
        graph = GraphLowering(self, model, "main", "").run(types)
        self.graphs.insert(0, graph)
        return graph

    def nested(self, model: Functional, types: Sequence[TensorType], name: str, path: str) -> Graph:
        """The graph of a nested model for some input types, lowered once."""
        key = (id(model), tuple(types))
        if key not in self._nested:
            unique = _unique(name, self._names)
            self._names.add(unique)
            self._nested[key] = GraphLowering(self, model, unique, path).run(types)
            self.graphs.append(self._nested[key])
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

    def run(self, types: Sequence[TensorType]) -> Graph:
        """The graph for these types of the model's inputs."""
        for tensor, type in zip(self.model.inputs, types, strict=True):
            self.values[id(tensor)] = self.builder.input(tensor._keras_history.operation.name, type)
        for node in self._nodes():
            self._lower(node)
        return self.builder.finish([self.values[id(tensor)] for tensor in self.model.outputs])

    def _nodes(self) -> Iterator[Any]:
        """The calls of the graph, each after those it reads."""
        for depth in sorted(self.model._nodes_by_depth, reverse=True):
            yield from (node for node in self.model._nodes_by_depth[depth] if not node.is_input)

    def _lower(self, node: Any) -> None:
        operation, tensors = node.operation, node.arguments.keras_tensors
        inputs = [self.values[id(tensor)] for tensor in tensors]
        types = tuple(self.builder.values[name].type for name in inputs)
        slots = iter(range(len(tensors)))

        def slot(leaf: Any) -> Any:
            return Slot(next(slots)) if isinstance(leaf, keras.KerasTensor) else leaf

        structure = (node.arguments.args, node.arguments.kwargs)
        arguments, keywords = keras.tree.map_structure(slot, structure)
        call = Call(operation, types, tuple(arguments), dict(keywords))
        origin = Origin(self.path + operation.name, type(operation).__name__)
        try:
            inner = functional_graph(operation)
            if inner is not None:
                results = self._call(call, inner, inputs, origin)
            else:
                results = [self._steps(call, inputs, origin, node.outputs)]
        except NotExpressible as reason:
            results = self._opaque(call, inputs, origin, str(reason))
        self.values.update(
            (id(tensor), name) for tensor, name in zip(node.outputs, results, strict=True)
        )

    def _steps(self, call: Call, inputs: list[str], origin: Origin, outputs: Any) -> str:
        """Add the nodes of a call the IR can express; the name of its value."""
        steps = express(call)
        self._check(call, steps, outputs)
        name = self.builder.unique(call.operation.name)
        for index, step in enumerate(steps):
            constants = {
                role: self.builder.constant(f"{origin.layer}.{role}", array)
                for role, array in step.constants.items()
            }
            (*inputs,) = [
                self.builder.add(
                    step.op,
                    inputs,
                    name=f"{name}/{step.op}" if index else name,
                    attributes=step.attributes,
                    constants=constants,
                    origin=origin,
                )
            ]
        return inputs[0]

    def _check(self, call: Call, steps: Sequence[Step], outputs: Any) -> None:
        """Raise NotExpressible unless the steps type-check and give what Keras infers."""
        types = call.types
        try:
            for step in steps:
                roles = {role: TensorType.of(array) for role, array in step.constants.items()}
                blank = tuple(f"{index}" for index in range(len(types)))
                attributes = complete(step.op, step.attributes)
                types = infer(Node("_", step.op, blank, (), attributes), types, roles)
        except VerifyError as error:
            refuse(error.why or error.what)
        (result,) = outputs
        inferred = (SHORT_DTYPES.get(result.dtype), tuple(result.shape[1:]))
        fits = types[0].dtype == inferred[0] and types[0].rank == len(result.shape)
        dims = zip(types[0].shape[1:], inferred[1], strict=False)
        if not fits or any(known not in (None, dim) for dim, known in dims):
            refuse(f"Keras infers {result.dtype} {result.shape}, the IR {types[0]}")

    def _call(
        self, call: Call, inner: Functional, inputs: list[str], origin: Origin
    ) -> Sequence[str]:
        """Add a call of a nested model's graph; the names of its values."""
        call.require_plain()
        if len(call.arguments) != 1 or len(call.types) != len(inner.inputs):
            refuse("a nested model is called with another number of inputs than it has")
        if isinstance(call.arguments[0], dict) != isinstance(inner._inputs_struct, dict):
            refuse("a nested model is called with inputs of another structure than its own")
        for tensor, type in zip(inner.inputs, call.types, strict=True):
            if len(tensor.shape) != type.rank or SHORT_DTYPES.get(tensor.dtype) != type.dtype:
                refuse(f"a nested model converts its input {type} to {tensor.dtype}{tensor.shape}")
        name = call.operation.name
        graph = self.module.nested(inner, call.types, name, f"{origin.layer}/")
        return self._add_all(
            "call", inputs, name, {"graph": graph.name}, origin, graph.types(graph.outputs)
        )

    def _opaque(self, call: Call, inputs: list[str], origin: Origin, why: str) -> Sequence[str]:
        """Add a node that runs the live layer; the names of its values."""
        name = self.builder.unique(call.operation.name)
        layer = self.module.keep(
            self.path + name,
            operation=call.operation,
            arguments=(call.arguments, call.keywords),
            types=call.types,
            why=why,
        )
        return self._add_all(
            "opaque", inputs, name, {"key": layer.key}, origin, layer.result_types()
        )

    def _add_all(
        self,
        op: str,
        inputs: Sequence[str],
        name: str,
        attributes: Mapping[str, str],
        origin: Origin,
        results: Sequence[TensorType],
    ) -> Sequence[str]:
        self.builder.add(
            op, inputs, name=name, attributes=attributes, origin=origin, results=results
        )
        return [value.name for value in self.builder.last.results]


def _unique(name: str, taken: Any) -> str:
    """``name``, or ``name:2``, ``name:3``... where it is taken."""
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}:{count}", count + 1
    return candidate
