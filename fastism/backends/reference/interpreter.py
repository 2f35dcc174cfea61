"""Evaluate a graph of a module, node by node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from fastism.backends.base import location
from fastism.backends.reference.registry import FORMS, Array, Context, OpaqueLayer
from fastism.errors import InputError, VerifyError
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module
from fastism.ir.types import NUMPY_DTYPES, TensorType

_FLOATING = ("f16", "bf16", "f32", "f64")


def run(
    module: Module,
    graph: str,
    inputs: Mapping[str, Array],
    *,
    opaque: Mapping[str, OpaqueLayer] | None = None,
    dtype: str | None = None,
    keep: Iterable[str] | None = None,
) -> dict[str, Array]:
    """Evaluate one graph of a module; returns its outputs by value name.

    ``inputs`` holds an array for every graph input, batch axis first; each is cast to the element
    type the graph states. ``opaque`` holds the live layers by key. ``dtype`` (``"float64"``)
    evaluates every floating value in another precision. ``keep`` names the values to return
    instead of the outputs.

    Raises InputError for a graph, input, value, opaque layer or weight that is missing,
    LoweringError for an op without a numpy form, VerifyError where a result is not what the graph
    says it is.
    """
    interpreter = _Interpreter(module, opaque or {}, dtype)
    with np.errstate(all="ignore"):  # infinities and NaN are values here, as in TensorFlow
        values = interpreter.evaluate(interpreter.graph(graph), inputs)
    wanted = module.graph[graph].outputs if keep is None else tuple(keep)
    unknown = [name for name in wanted if name not in values]
    if unknown:
        raise InputError(
            f"there is no value %{', %'.join(unknown)} to keep", where=f"graph @{graph}"
        )
    return {name: values[name] for name in wanted}


def emit(
    module: Module, opaque: Mapping[str, OpaqueLayer]
) -> Mapping[str, Callable[[Mapping[str, Array]], Mapping[str, Array]]]:
    """Every graph as a function from inputs by name to outputs by name; see `run`."""
    return {graph.name: partial(run, module, graph.name, opaque=opaque) for graph in module.graphs}


@dataclass(frozen=True)
class _Interpreter:
    module: Module
    opaque: Mapping[str, OpaqueLayer]
    dtype: str | None

    def graph(self, name: str) -> Graph:
        try:
            return self.module.graph[name]
        except KeyError:
            known = ", ".join(f"@{graph}" for graph in self.module.graph)
            raise InputError(f"the module has no graph @{name}; it has {known}") from None

    def evaluate(self, graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Every value of the graph by name."""
        extents: dict[str, int] = {}
        values: dict[str, Array] = {}
        for value in graph.inputs:
            if value.name not in inputs:
                raise InputError(
                    f"the input %{value.name}: {value.type} is missing",
                    where=f"graph @{graph.name}",
                )
            values[value.name] = self.cast(inputs[value.name], value.type)
            fault = _misfit(value, values[value.name], extents)
            if fault:
                raise InputError(fault, where=f"graph @{graph.name}")
        for node in graph.nodes:
            results = self.node(node, [values[name] for name in node.inputs])
            for value, array in zip(node.results, results, strict=True):
                fault = _misfit(value, array, extents)
                if fault:
                    raise VerifyError(fault, where=location(node), why="the graph says otherwise")
                values[value.name] = array
        return values

    def node(self, node: Node, inputs: Sequence[Array]) -> list[Array]:
        """The results of one node, in the element types it states."""
        constants = {role: self.constant(node, role) for role, _ in node.constants}
        outcome = FORMS.of(node)(node, inputs, constants, Context(self.opaque, self.call))
        results = [outcome] if isinstance(outcome, np.ndarray) else list(outcome)
        if len(results) != len(node.results):
            raise VerifyError(
                f"{node.op} gave {len(results)} results for {len(node.results)}",
                where=location(node),
            )
        return [self.cast(a, value.type) for a, value in zip(results, node.results, strict=True)]

    def call(self, name: str, arrays: Sequence[Array]) -> tuple[Array, ...]:
        graph = self.graph(name)
        named = {value.name: array for value, array in zip(graph.inputs, arrays, strict=True)}
        values = self.evaluate(graph, named)
        return tuple(values[name] for name in graph.outputs)

    def constant(self, node: Node, role: str) -> Array:
        try:
            data = self.module.data(node, role)
        except ValueError as error:
            raise InputError(
                f"the {role} of {node.op} has no content",
                where=location(node),
                why=str(error),
                attempt="load the weights beside the text, or evaluate the module it came from",
            ) from None
        assert data is not None
        return self.cast(data, self.module.constants[node.constant(role) or ""].type)

    def cast(self, array: Array, type: TensorType) -> Array:
        name = NUMPY_DTYPES[type.dtype]
        if self.dtype is not None and type.dtype in _FLOATING:
            name = self.dtype
        elif type.dtype == "bf16":
            raise InputError(
                "numpy has no bfloat16",
                attempt='say which precision to evaluate in: dtype="float32"',
            )
        return np.asarray(array).astype(name, copy=False)


def _misfit(value: Value, array: Array, extents: dict[str, int]) -> str | None:
    """What is wrong with an array's shape; the first one with a batch axis fixes its extent."""
    shape = value.type.shape
    expected = tuple(
        extents.setdefault(dim, actual) if isinstance(dim, str) else dim
        for dim, actual in zip(shape, array.shape, strict=False)
    )
    if len(shape) == array.ndim and expected == array.shape:
        return None
    batches = ", ".join(f"{name} = {extent}" for name, extent in extents.items())
    return f"%{value.name} is {value.type} ({batches}), and the array has the shape {array.shape}"
