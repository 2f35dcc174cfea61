"""Emit a graph of a module as one `tf.function` with a fixed input signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import tensorflow as tf

from fastism.backends.tensorflow.registry import Constants, OpaqueLayer, Pool, Tensor, form
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.types import NUMPY_DTYPES, TensorType


def signature(type: TensorType) -> tf.TensorSpec:
    """A TensorSpec whose batch axis is free: chunks of any size share one trace."""
    shape = [dim if isinstance(dim, int) else None for dim in type.shape]
    return tf.TensorSpec(shape, NUMPY_DTYPES[type.dtype])


class Program:
    """A graph as a `tf.function`: tensors in the order of the graph's inputs, outputs likewise."""

    def __init__(
        self,
        graph: Graph,
        opaque: Mapping[str, OpaqueLayer],
        pool: Pool,
        keep: Sequence[str] | None = None,
    ) -> None:
        self.graph = graph
        self.outputs = tuple(graph.outputs if keep is None else keep)
        self._pool = pool
        self._opaque = opaque
        self.function = tf.function(
            self._body,
            input_signature=[signature(value.type) for value in graph.inputs],
            autograph=False,
        )

    def _body(self, *tensors: Tensor) -> list[Tensor]:
        values = {
            value.name: tensor for value, tensor in zip(self.graph.inputs, tensors, strict=True)
        }
        for node in self.graph.nodes:
            inputs = [values[name] for name in node.inputs]
            outcome = form(node)(node, inputs, Constants(node, self._pool, self._opaque))
            results = outcome if isinstance(outcome, (list, tuple)) else [outcome]
            for value, tensor in zip(node.results, results, strict=True):
                shape = [dim if isinstance(dim, int) else None for dim in value.type.shape]
                values[value.name] = tf.ensure_shape(tensor, shape)
        return [values[name] for name in self.outputs]

    def __call__(self, *tensors: Tensor) -> list[Tensor]:
        """The outputs, for tensors in the order of the graph's inputs."""
        result: list[Tensor] = self.function(*tensors)
        return result

    @property
    def traces(self) -> int:
        """How often the function was traced: once, however many chunks ran."""
        return int(self.function.experimental_get_tracing_count())


def emit(
    module: Module, opaque: Mapping[str, OpaqueLayer]
) -> Mapping[str, Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]]:
    """Every graph of the module as a function from inputs by name to outputs by name.

    The graphs share the constants on the device. Each is traced when first called.
    """
    pool = Pool(module)
    return {graph.name: _named(Program(graph, opaque, pool)) for graph in module.graphs}


def _named(program: Program) -> Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]:
    def call(inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        tensors = [inputs[value.name] for value in program.graph.inputs]
        return dict(zip(program.outputs, program(*tensors), strict=True))

    return call
