"""Reductions over the channels, and sorts of them."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node


@writes("channel_sum")
def channel_sum(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ReduceSum over the last axis, kept."""
    return writer.reduce("ReduceSum", inputs[0], -1, keepdims=True)


@writes("channel_max")
def channel_max(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ReduceMax over the last axis, kept."""
    return writer.reduce("ReduceMax", inputs[0], -1, keepdims=True)


@writes("channel_sort")
def channel_sort(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """TopK of as many as there are, the smallest first."""
    every = writer.table("k", [node.type.channels])
    return writer.add("TopK", inputs[0], every, unused=1, axis=-1, largest=0, sorted=1)
