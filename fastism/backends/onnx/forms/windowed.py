"""Convolution, dense layers and pools. ONNX keeps channels before positions, so they transpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastism.backends.onnx.forms.registry import Array, Writer, writes
from fastism.ir.graph import Node
from fastism.ir.ops.convolution import padding

_SWAP = (0, 2, 1)

MANY = 100
"""Channels from which on one product for all taps, added up, is faster than onnxruntime's
ConvTranspose (measured: twice to four times at 200 and 300, slower at 32)."""


def _channels_first(writer: Writer, x: str, middle: Callable[[str], str]) -> str:
    turned = writer.add("Transpose", x, perm=_SWAP)
    return writer.add("Transpose", middle(turned), perm=_SWAP)


@writes("conv1d")
def conv1d(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Transpose, Conv, Transpose; a convolution of width 1 is a product."""
    pads = padding(node, writer.input_type().length)
    if all(node[key] == 1 for key in ("width", "stride", "groups")) and pads == (0, 0):
        kernel = writer.weight("kernel", "MatMul", lambda k: k[0])
        return _with_bias(writer, writer.add("MatMul", inputs[0], kernel))
    kernel = writer.weight("kernel", "Conv", lambda k: k.transpose(2, 1, 0))
    bias = [writer.weight("bias")] if writer.has("bias") else []
    geometry: dict[str, Any] = {
        "kernel_shape": [node.integer("width")],
        "strides": [node.integer("stride")],
        "dilations": [node.integer("dilation")],
        "group": node.integer("groups"),
        "pads": pads,
    }
    return _channels_first(
        writer, inputs[0], lambda x: writer.add("Conv", x, kernel, *bias, **geometry)
    )


@writes("conv1d_spread")
def conv1d_spread(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """ConvTranspose; of many channels, or taps that do not overlap, one product for all taps."""
    taps, dilation, groups = (node.integer(key) for key in ("width", "dilation", "groups"))
    width = writer.input_type().length
    if groups == 1 and (width == 1 or width <= dilation):
        return _spread_apart(writer, node, inputs[0])
    if groups == 1 and writer.input_type().channels >= MANY:
        return _spread_added(writer, node, inputs[0])

    def turned(kernel: Array) -> Array:
        """(taps, channels / groups, filters) backwards, as (channels, filters / groups, taps)."""
        parts = np.split(kernel[::-1], groups, axis=2)
        return np.concatenate([part.transpose(1, 2, 0) for part in parts])

    kernel = writer.weight("kernel", "ConvTranspose", turned)
    geometry: dict[str, Any] = {"kernel_shape": [taps], "dilations": [dilation], "group": groups}
    return _channels_first(
        writer, inputs[0], lambda x: writer.add("ConvTranspose", x, kernel, **geometry)
    )


def _spread_apart(writer: Writer, node: Node, delta: str) -> str:
    """All taps of all positions at once, and their stretches laid end to end."""
    taps, dilation = node.integer("width"), node.integer("dilation")
    width, filters = writer.input_type().length, node.type.channels
    if width == 1 and dilation == 1:
        shape = writer.table("shape", [-1, taps, filters])
        return writer.add("Reshape", _every_tap(writer, delta), shape)
    product = _by_tap(writer, node, delta, dilation)
    row = writer.add("Reshape", product, writer.table("row", [-1, taps * dilation, filters]))
    if dilation == width:
        return row
    return writer.slice(row, 0, node.type.length, axis=1)


def _spread_added(writer: Writer, node: Node, delta: str) -> str:
    """All taps of all positions at once; each tap's stretch moved to its place, and their sum.

    Stretches as long as the result and ``dilation`` more, laid end to end and cut into the
    result's length, begin ``dilation`` further each.
    """
    taps, dilation = node.integer("width"), node.integer("dilation")
    length, filters = node.type.length, node.type.channels
    wide = length + dilation
    product = _by_tap(writer, node, delta, wide)
    row = writer.add("Reshape", product, writer.table("row", [-1, taps * wide, filters]))
    row = writer.slice(row, 0, taps * length, axis=1)
    moved = writer.add("Reshape", row, writer.table("moved", [-1, taps, length, filters]))
    return writer.reduce("ReduceSum", moved, 1, keepdims=False)


def _every_tap(writer: Writer, delta: str) -> str:
    """(M, width, taps * filters): each position times the weights of all taps."""
    kernel = writer.weight(
        "kernel", "by input", lambda k: k[::-1].transpose(1, 0, 2).reshape(k.shape[1], -1)
    )
    return writer.add("MatMul", delta, kernel)


def _by_tap(writer: Writer, node: Node, delta: str, length: int) -> str:
    """(M, taps, length, filters): each tap's products, with zeros behind up to a length."""
    taps, width = node.integer("width"), writer.input_type().length
    shape = writer.table("shape", [-1, width, taps, node.type.channels])
    product = writer.add("Reshape", _every_tap(writer, delta), shape)
    product = writer.add("Transpose", product, perm=[0, 2, 1, 3])
    if length == width:
        return product
    return writer.add("Pad", product, writer.table("pads", [0] * 6 + [length - width, 0]))


@writes("dense")
def dense(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Gemm on vectors, MatMul on anything larger."""
    operands = [inputs[0], writer.weight("kernel")]
    if writer.input_type().rank == 2:
        bias = [writer.weight("bias")] if writer.has("bias") else []
        return writer.add("Gemm", *operands, *bias)
    return _with_bias(writer, writer.add("MatMul", *operands))


def _with_bias(writer: Writer, product: str) -> str:
    return writer.add("Add", product, writer.weight("bias")) if writer.has("bias") else product


def _pool(name: str, op: str, **attributes: Any) -> None:
    @writes(name)
    def pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
        geometry: dict[str, Any] = {
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
_global_pool("global_sum_pool", lambda writer, x: writer.reduce("ReduceSum", x, 2, keepdims=True))


@writes("softmax_pool")
def softmax_pool(writer: Writer, node: Node, inputs: Sequence[str]) -> str:
    """Softmax over the positions, Mul, ReduceSum."""
    weights = writer.add("Softmax", inputs[0], axis=1)
    product = writer.add("Mul", weights, inputs[1])
    return writer.reduce("ReduceSum", product, 1, keepdims=False)
