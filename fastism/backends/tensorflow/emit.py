"""Emit a graph of a module as one `tf.function` with a fixed input signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import tensorflow as tf

from fastism.backends.base import FUSED, TENSORFLOW, WAYS, Variant, Ways
from fastism.backends.tensorflow.devices import conditions
from fastism.backends.tensorflow.forms import OPTION, by_node
from fastism.backends.tensorflow.fuse import Step, steps, unfused
from fastism.backends.tensorflow.registry import FORMS, Constants, OpaqueLayer, Pool, Tensor
from fastism.ir.graph import Attribute, Graph
from fastism.ir.module import Module
from fastism.ir.place import Place
from fastism.ir.program import Chunks, backend_options
from fastism.ir.types import NUMPY_DTYPES, TensorType
from fastism.quiet import graph_function
from fastism.uncollected import uncollected

FUSE = Variant("tensorflow.fuse", FUSED, one_size=True)
OPTIONS: Final[Mapping[str, Attribute]] = {FUSE.option: False, OPTION: ()}
"""The options of a graph, and what they are where it does not say."""


def in_fastest_forms(
    module: Module, graph: Graph, variant: Variant | None
) -> Mapping[str, Attribute]:
    """The options by which the ops of a graph run in the forms that are fastest here, as timed."""
    from fastism.backends.tensorflow.fastest import fastest

    return fastest(module, graph)


WAYS["tensorflow"] = Ways(TENSORFLOW, (FUSE,), in_forms=in_fastest_forms, conditions=conditions)


def signature(type: TensorType) -> tf.TensorSpec:
    """A TensorSpec whose batch axis is free: chunks of any size share one trace."""
    shape = [dim if isinstance(dim, int) else None for dim in type.shape]
    return tf.TensorSpec(shape, NUMPY_DTYPES[type.dtype])


class Program:
    """A graph as a `tf.function`: tensors in the order of the graph's inputs, outputs likewise.

    fuse: compile the light ops between two heavy ones with XLA, anew for every chunk size it sees.
    forms: by node, the form of its op that it runs in, where that is not the usual one.
    """

    def __init__(
        self,
        graph: Graph,
        opaque: Mapping[str, OpaqueLayer],
        pool: Pool,
        *,
        fuse: bool = False,
        forms: Mapping[str, str] | None = None,
    ) -> None:
        self.graph = graph
        self.outputs = graph.outputs
        self._pool = pool
        self._opaque = opaque
        self._forms = forms or {}
        self._steps = steps(graph) if fuse else [unfused(graph)]
        self.function = graph_function(
            self._body,
            input_signature=[signature(value.type) for value in graph.inputs],
            autograph=False,
        )

    @uncollected()
    def _body(self, *tensors: Tensor) -> list[Tensor]:
        values = {
            value.name: tensor for value, tensor in zip(self.graph.inputs, tensors, strict=True)
        }
        for step in self._steps:
            run = partial(self._run, step)
            if step.fused:
                run = tf.function(run, jit_compile=True, autograph=False)
            results = run(*(values[name] for name in step.reads))
            values.update(zip(step.gives, results, strict=True))
        return [values[name] for name in self.outputs]

    def _run(self, step: Step, *tensors: Tensor) -> list[Tensor]:
        values = dict(zip(step.reads, tensors, strict=True))
        shared: dict[tuple[object, ...], Tensor] = {}
        for node in step.nodes:
            inputs = [values[name] for name in node.inputs]
            form = self._forms.get(node.name)
            constants = Constants(node, self._pool, self._opaque, shared, form)
            outcome = FORMS.of(node)(node, inputs, constants)
            results = outcome if isinstance(outcome, (list, tuple)) else [outcome]
            for value, tensor in zip(node.results, results, strict=True):
                shape = [dim if isinstance(dim, int) else None for dim in value.type.shape]
                known = tensor.shape.rank is not None and tensor.shape.as_list() == shape
                values[value.name] = tensor if known else tf.ensure_shape(tensor, shape)
        return [values[name] for name in step.gives]

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
    return {graph.name: _Function(module, graph, opaque, pool) for graph in module.graphs}


class _Function:
    """A graph as a function by name: fused for chunks of the scheduled size, plain for the rest."""

    def __init__(
        self, module: Module, graph: Graph, opaque: Mapping[str, OpaqueLayer], pool: Pool
    ) -> None:
        chosen = backend_options(module, graph, OPTIONS)
        forms = by_node(module, graph, chosen[OPTION])
        self.plain = Program(graph, opaque, pool, forms=forms)
        self.fused: Program | None = None
        self._items: int | None = None
        if chosen[FUSE.option]:
            self.fused = Program(graph, opaque, pool, fuse=True, forms=forms)
            self._items = Chunks.of(Place(module, graph)).items

    def __call__(self, inputs: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        tensors = [inputs[value.name] for value in self.plain.graph.inputs]
        whole = self.fused is not None and len(inputs["item/edit"]) == self._items
        program = self.fused if whole and self.fused is not None else self.plain
        return dict(zip(program.outputs, program(*tensors), strict=True))

    @property
    def traces(self) -> int:
        """How often the programs were traced: once each at most, however many chunks ran."""
        return max(self.plain.traces, self.fused.traces if self.fused else 0)
