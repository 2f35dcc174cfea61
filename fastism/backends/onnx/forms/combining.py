"""Sums, products, extrema, concatenation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node

PAIRWISE = {"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div"}
"""ONNX ops of two inputs, applied from left to right."""

VARIADIC = {"average": "Mean", "maximum": "Max", "minimum": "Min"}
"""ONNX ops of any number of inputs."""


def _pairwise(name: str, op: str) -> None:
    @writes(name)
    def pairwise(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        return reduce(lambda left, right: writer.add(op, left, right), inputs)


def _variadic(name: str, op: str) -> None:
    @writes(name)
    def variadic(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        return writer.add(op, *inputs)


for _name, _op in PAIRWISE.items():
    _pairwise(_name, _op)
for _name, _op in VARIADIC.items():
    _variadic(_name, _op)


@writes("concatenate")
def concatenate(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Concat along the same axis."""
    return writer.add("Concat", *inputs, axis=node.integer("axis"))


@writes("select")
def select(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Equal to zero, and Where."""
    condition, a, b = inputs
    return writer.add("Where", writer.add("Equal", condition, writer.number(0.0)), b, a)


@writes("constant")
def constant(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Expand, to the batch of the input."""
    batch = writer.add("Shape", inputs[0], start=0, end=1)
    rest = writer.table("rest", [int(dim) for dim in node.type.shape[1:]])
    return writer.add("Expand", writer.weight("value"), writer.add("Concat", batch, rest, axis=0))
