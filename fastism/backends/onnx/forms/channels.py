"""Reductions over the channels."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node


@writes("channel_sum")
def channel_sum(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ReduceSum over the last axis, kept."""
    return writer.add("ReduceSum", inputs[0], writer.table("axes", [-1]), keepdims=1)


@writes("channel_max")
def channel_max(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ReduceMax over the last axis, kept."""
    return writer.add("ReduceMax", inputs[0], axes=[-1], keepdims=1)
