"""Pairs and items: N sequences, P (sequence, site) pairs, M = P * A items, alternatives fastest.

How many there are of each is known only when a graph runs, so shapes are made as it does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node
from fastism.ir.types import NUMPY_DTYPES, TensorType


def extents(type_: TensorType) -> list[int]:
    """The fixed extents of a type: all but the batch axis."""
    return [int(dim) for dim in type_.shape[1:]]


def count(writer: Writer, x: str) -> str:
    """How many entries a tensor has along the batch axis, i64[1]."""
    return writer.add("Shape", x, start=0, end=1)


def by_pair(writer: Writer, items: str, type_: TensorType, pairs: str) -> str:
    """Items (M, ...) as (P, A, ...); ``pairs`` is anything whose first axis is P."""
    rest = writer.table("rest", [-1, *extents(type_)])
    shape = writer.add("Concat", count(writer, pairs), rest, axis=0)
    return writer.add("Reshape", items, shape)


def by_item(writer: Writer, folded: str, type_: TensorType) -> str:
    """(P, A, ...) as (M, ...)."""
    return writer.add("Reshape", folded, writer.table("shape", [-1, *extents(type_)]))


def beside(writer: Writer, reference: str) -> str:
    """A value of pairs (P, ...) with an axis of alternatives: (P, 1, ...)."""
    return writer.add("Unsqueeze", reference, writer.table("axes", [1]))


def copies(writer: Writer, pairs: str, type_: TensorType, items: str) -> str:
    """One copy of a value of pairs (P, ...) for each of its items: (M, ...)."""
    one = writer.table("one", [1])
    alternatives = writer.add(
        "Div", count(writer, items), writer.add("Max", count(writer, pairs), one)
    )
    shape = [one, alternatives, writer.table("rest", [1] * (type_.rank - 1))]
    many = writer.add("Expand", beside(writer, pairs), writer.add("Concat", *shape, axis=0))
    return by_item(writer, many, type_)


def zeros(writer: Writer, batch: str, dtype: str, shape: Sequence[int]) -> str:
    """Zeros with the batch axis of another tensor."""
    target = writer.add("Concat", count(writer, batch), writer.table("rest", shape), axis=0)
    zero = writer.given("zero", np.zeros((), NUMPY_DTYPES[dtype]))
    return writer.add("Expand", zero, target)


@writes("gather_reference")
def gather_reference(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Gather: each pair's sequence, whole."""
    return writer.add("Gather", *inputs, axis=0)


def _meeting(op: str, name: str) -> None:
    @writes(name)
    def meet(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        """Items folded by pair, and the pair's reference beside them."""
        items, reference = inputs
        folded = by_pair(writer, items, writer.input_type(), reference)
        return by_item(writer, writer.add(op, folded, beside(writer, reference)), node.type)


_meeting("Add", "add_reference")
_meeting("Sub", "subtract_reference")


@writes("expand")
def expand(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Expand: one copy of a pair's reference for each of its items."""
    reference, like = inputs
    return copies(writer, reference, writer.input_type(), like)


@writes("zero_window")
def zero_window(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Expand: the delta of a value the edit does not reach."""
    return zeros(writer, inputs[0], node.type.dtype, extents(node.type))
