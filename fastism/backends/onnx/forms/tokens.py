"""Masks and token numbers."""

from __future__ import annotations

from collections.abc import Sequence

from onnx import TensorProto

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.backends.onnx.types import ELEMENT_TYPES
from fastism.ir.graph import Node


def _counts(writer: Writer, node: Node, x: str) -> str:
    """1 where any channel differs from ``value``, f32: the largest of what differs."""
    equal = writer.add("Equal", x, writer.number(node.number("value")))
    differs = writer.add("Cast", writer.add("Not", equal), to=TensorProto.FLOAT)
    return writer.reduce("ReduceMax", differs, -1, keepdims=True)


@writes("mask")
def mask(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Equal, Not, and the largest over the channels."""
    return _counts(writer, node, inputs[0])


@writes("masked")
def masked(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Where: the value, or 0 where the mask is."""
    (x,) = inputs
    counts = writer.add("Cast", _counts(writer, node, x), to=TensorProto.BOOL)
    return writer.add("Where", counts, x, writer.number(0.0))


@writes("token")
def token(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ArgMax, in the element type the node states."""
    largest = writer.add("ArgMax", inputs[0], axis=-1, keepdims=0)
    return writer.add("Cast", largest, to=ELEMENT_TYPES[str(node["dtype"])])
