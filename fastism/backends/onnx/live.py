"""Live layers as ONNX: what TensorFlow traces of one, by way of tf2onnx, as a function."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import tensorflow as tf
import tf2onnx

from fastism.backends.base import location
from fastism.backends.onnx import operators  # noqa: F401  (imported to register)
from fastism.backends.tensorflow.emit import Program
from fastism.backends.tensorflow.registry import Pool
from fastism.errors import LoweringError
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.module import Module

Opaque = Mapping[str, Callable[..., Sequence[Any]]]

DOMAIN = "fastism"
"""The domain of the functions a model carries."""


class _Embedding(Pool):
    """Constants that become part of the traced graph; captured, tf2onnx would make them inputs."""

    def tensor(
        self, name: str, form: str, make: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> Any:
        return tf.constant(np.ascontiguousarray(make(self.array(name))))


def live_function(
    module: Module, graph: Graph, node: Node, opaque: Opaque, opset: int
) -> onnx.FunctionProto:
    """One node as a function named like it, from its TensorFlow form; weights are constants in it.

    Raises LoweringError for what ONNX has no operator for.
    """
    inputs = tuple(Value(name, graph.values[name].type) for name in dict.fromkeys(node.inputs))
    results = tuple(value.name for value in node.results)
    program = Program(Graph(node.name, inputs, (node,), results), opaque, _Embedding(module))
    with _silent():
        model, _ = tf2onnx.convert.from_function(
            program.function, input_signature=program.function.input_signature, opset=opset
        )
    _check_operators(node, model)
    weights = {tensor.name for tensor in model.graph.initializer}
    given = [value.name for value in model.graph.input if value.name not in weights]
    made = [value.name for value in model.graph.output]
    constants = [
        onnx.helper.make_node("Constant", [], [tensor.name], value=tensor)
        for tensor in model.graph.initializer
    ]
    return onnx.helper.make_function(
        DOMAIN,
        node.name,
        given,
        made,
        [*constants, *model.graph.node],
        model.opset_import,
        doc_string=f"layer {node.origin.layer!r}, by tf2onnx" if node.origin else "",
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Hold back what tf2onnx logs as it goes on after an error, which `_check_operators` raises,
    and TensorFlow's advice against tracing many functions.
    """
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node, those of loop bodies and branches included."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _nodes(attribute.g)


def _check_operators(node: Node, model: onnx.ModelProto) -> None:
    unknown = {n.op_type for n in _nodes(model.graph) if not onnx.defs.has(n.op_type, n.domain)}
    if unknown:
        raise LoweringError(
            "a layer cannot be written as ONNX",
            where=location(node),
            why=f"ONNX has no form of TensorFlow's {', '.join(sorted(unknown))}",
            attempt="compile with outputs=[...] that do not need the layer",
        )
