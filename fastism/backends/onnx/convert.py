"""Graphs to executable ONNX: the emitted tf.functions by way of tf2onnx, with the IR's names."""

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

from fastism.backends.onnx import operators  # noqa: F401  (imported to register)
from fastism.backends.onnx.types import value_info
from fastism.backends.tensorflow.emit import Program
from fastism.backends.tensorflow.registry import Pool
from fastism.errors import LoweringError
from fastism.ir.graph import Graph
from fastism.ir.module import Module

Opaque = Mapping[str, Callable[..., Sequence[Any]]]

OPSET = 17
"""The ONNX operator set written unless the user says otherwise."""

IR_VERSION = 10
"""The first with metadata on nodes and values; onnx 1.16 and onnxruntime 1.18 read it."""


class _Embedding(Pool):
    """Constants that become part of the traced graph; captured, tf2onnx would make them inputs."""

    def tensor(
        self, name: str, form: str, make: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> Any:
        return tf.constant(np.ascontiguousarray(make(self.array(name))))


def converted(module: Module, opaque: Opaque, opset: int = OPSET) -> dict[str, onnx.ModelProto]:
    """Every graph of a module as an ONNX model, by the graph's name.

    Inputs, outputs and their batch axes are named as in the IR; weights are initializers. Raises
    LoweringError for a graph that runs what ONNX has no operator for.
    """
    return {graph.name: convert(module, graph, opaque, opset) for graph in module.graphs}


def convert(module: Module, graph: Graph, opaque: Opaque, opset: int) -> onnx.ModelProto:
    """One graph as an ONNX model. Raises LoweringError as `converted` does."""
    inputs = {value.name for value in graph.inputs}
    outputs = tuple(dict.fromkeys(graph.outputs))  # heads may share a value
    computed = [name for name in outputs if name not in inputs]
    program = Program(graph.replace(outputs=tuple(computed)), opaque, _Embedding(module))
    with _silent():
        model, _ = tf2onnx.convert.from_function(
            program.function, input_signature=program.function.input_signature, opset=opset
        )
    _check_operators(graph, model)
    _only_true_inputs(model)
    given, made = model.graph.input, model.graph.output
    tensors = dict(zip((v.name for v in given), (v.name for v in graph.inputs), strict=True))
    tensors.update(zip((v.name for v in made), computed, strict=True))
    _rename(model.graph, tensors)
    _declare(given, [value_info(value.name, value.type) for value in graph.inputs])
    _declare(made, [value_info(name, graph.values[name].type) for name in outputs])
    model.graph.name = graph.name
    model.ir_version = IR_VERSION
    model.doc_string = ""
    return model


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


def _check_operators(graph: Graph, model: onnx.ModelProto) -> None:
    unknown = {n.op_type for n in _nodes(model.graph) if not onnx.defs.has(n.op_type, n.domain)}
    if not unknown:
        return
    opaque = [node for node in graph.nodes if node.op in ("opaque", "windowed_opaque")]
    live = [node.origin.layer for node in opaque if node.origin is not None]
    raise LoweringError(
        f"the graph {graph.name!r} cannot be written as ONNX",
        where=f"one of the layers {', '.join(map(repr, live))}" if live else None,
        why=f"ONNX has no form of TensorFlow's {', '.join(sorted(unknown))}",
        attempt="compile with outputs=[...] that do not need the layer",
    )


def _only_true_inputs(model: onnx.ModelProto) -> None:
    """Weights are initializers alone: as inputs too, a caller could replace them, and must not."""
    weights = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.input if value.name not in weights]
    _declare(model.graph.input, kept)


def _declare(field: Any, values: Sequence[onnx.ValueInfoProto]) -> None:
    copies = [onnx.ValueInfoProto.FromString(value.SerializeToString()) for value in values]
    del field[:]
    field.extend(copies)


def _rename(graph: onnx.GraphProto, tensors: Mapping[str, str]) -> None:
    """Rename some tensors everywhere; others that have one of the new names make way."""
    taken = set(tensors.values()) - set(tensors)

    def renamed(name: str) -> str:
        return tensors.get(name, f"inner/{name}" if name in taken else name)

    def visit(part: onnx.GraphProto) -> None:
        for node in part.node:
            node.input[:] = map(renamed, node.input)
            node.output[:] = map(renamed, node.output)
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    visit(attribute.g)
        for item in (*part.initializer, *part.input, *part.output, *part.value_info):
            item.name = renamed(item.name)

    visit(graph)
