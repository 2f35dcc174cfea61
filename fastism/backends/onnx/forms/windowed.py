"""Convolution, dense layers and pools. ONNX keeps channels before positions, so they transpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastism.backends.onnx.forms.registry import Writer, writes
from fastism.ir.graph import Node
from fastism.ir.ops.convolution import padding

_SWAP = (0, 2, 1)


def _channels_first(writer: Writer, x: str, middle: Callable[[str], str]) -> str:
    turned = writer.add("Transpose", x, perm=_SWAP)
    return writer.add("Transpose", middle(turned), perm=_SWAP)


@writes("conv1d")
def conv1d(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Transpose, Conv, Transpose."""
    kernel = writer.weight("kernel", "Conv", lambda k: k.transpose(2, 1, 0))
    bias = [writer.weight("bias")] if writer.has("bias") else []
    geometry = {
        "kernel_shape": [node.integer("width")],
        "strides": [node.integer("stride")],
        "dilations": [node.integer("dilation")],
        "group": node.integer("groups"),
        "pads": padding(node, writer.input_type().length),
    }
    return _channels_first(
        writer, inputs[0], lambda x: writer.add("Conv", x, kernel, *bias, **geometry)
    )


@writes("dense")
def dense(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Gemm on vectors, MatMul on anything larger."""
    operands = [inputs[0], writer.weight("kernel")]
    bias = [writer.weight("bias")] if writer.has("bias") else []
    if writer.input_type().rank == 2:
        return writer.add("Gemm", *operands, *bias)
    product = writer.add("MatMul", *operands)
    return writer.add("Add", product, *bias) if bias else product


def _pool(name: str, op: str, **attributes: Any) -> None:
    @writes(name)
    def pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        geometry = {
            "kernel_shape": [node.integer("size")],
            "strides": [node.integer("stride")],
            "pads": padding(node, writer.input_type().length),
        }
        return _channels_first(
            writer, inputs[0], lambda x: writer.add(op, x, **geometry, **attributes)
        )


_pool("max_pool", "MaxPool")
_pool("average_pool", "AveragePool", count_include_pad=0)


def _global_pool(name: str, reduce: Callable[[Writer, str], str]) -> None:
    @writes(name)
    def pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        kept = _channels_first(writer, inputs[0], lambda x: reduce(writer, x))
        if node["keepdims"]:
            return kept
        return writer.add("Squeeze", kept, writer.table("axes", [1]))


_global_pool("global_max_pool", lambda writer, x: writer.add("GlobalMaxPool", x))
_global_pool("global_average_pool", lambda writer, x: writer.add("GlobalAveragePool", x))
_global_pool(
    "global_sum_pool", lambda writer, x: writer.add("ReduceSum", x, writer.table("over", [2]))
)
