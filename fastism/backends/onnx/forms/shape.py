"""Crop, pad, upsample, flatten, reshape."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.backends.onnx.forms.registry import Form, Writer, writes
from fastism.ir.graph import Node
from fastism.ir.ops.shape import axes_order, positions

BEFORE_ALL = -(2**31)
"""The end of a slice that runs backwards over the first element: -1 would be the last one."""


def _fixed(node: Node) -> list[int]:
    """The result's shape, the batch axis free."""
    return [-1, *(int(dim) for dim in node.type.shape[1:])]


@writes("crop")
def crop(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Slice along the positions."""
    left = node.integer("left")
    return writer.slice(inputs[0], left, left + node.type.length, axis=1)


def _slice(axis: int) -> Form:
    def form(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        """Slice along one axis, backwards if the step is negative."""
        taken = positions(node, int(writer.input_type().shape[axis]))
        stop = taken.stop if taken.stop >= 0 else BEFORE_ALL
        return writer.slice(inputs[0], taken.start, stop, axis, taken.step)

    return form


writes("slice")(_slice(1))
writes("slice_channels")(_slice(-1))


@writes("zero_pad")
def zero_pad(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Pad along the positions."""
    after = [0] * (node.type.rank - 2)
    ends = [0, node.integer("left"), *after, 0, node.integer("right"), *after]
    return writer.add("Pad", inputs[0], writer.table("pads", ends))


@writes("upsample")
def upsample(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """An axis of copies behind the positions, then one axis of both."""
    after = [1] * (node.type.rank - 2)
    copies = writer.table("copies", [1, 1, node.integer("factor"), *after])
    one = writer.add("Unsqueeze", inputs[0], writer.table("axes", [2]))
    many = writer.add("Expand", one, copies)
    return writer.add("Reshape", many, writer.table("shape", _fixed(node)))


@writes("flatten")
def flatten(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ONNX's own Flatten, channels fastest as in Keras."""
    return writer.add("Flatten", inputs[0])


@writes("reshape")
def reshape(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """The batch axis is the one worked out."""
    return writer.add("Reshape", inputs[0], writer.table("shape", _fixed(node)))


@writes("permute")
def permute(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ONNX's Transpose, the batch axis first."""
    return writer.add("Transpose", inputs[0], perm=axes_order(node))
