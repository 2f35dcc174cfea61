"""Numpy forms of convolution and dense layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.registry import FORMS, Array, Context, implements
from fastism.ir.builder import complete
from fastism.ir.graph import Node
from fastism.ir.ops.convolution import output_length, padding, window


def taps(node: Node, x: Array, fill: float) -> list[Array]:
    """What each tap of a windowed op reads: one (batch, outputs, channels) array a tap.

    ``fill`` stands for the positions outside ``x``.
    """
    relation, outputs = window(node, x.shape[1]), output_length(node, x.shape[1])
    padded = np.pad(x, ((0, 0), padding(node, x.shape[1]), (0, 0)), constant_values=fill)
    last = (outputs - 1) * relation.stride + 1
    starts = [tap * relation.dilation for tap in range(relation.width)]
    return [padded[:, start : start + last : relation.stride] for start in starts]


def grouped_product(x: Array, kernel: Array, groups: int) -> Array:
    """``x @ kernel``, or block by block: each group of filters reads its own group of channels.

    ``x`` is (batch, length, channels), ``kernel`` (channels / groups, filters).
    """
    channels = np.split(x, groups, axis=-1)
    filters = np.split(kernel, groups, axis=-1)
    return np.concatenate([a @ b for a, b in zip(channels, filters, strict=True)], axis=-1)


def convolve(node: Node, x: Array, kernel: Array) -> Array:
    """The convolution without bias: the sum over taps of what each reads times its weights."""
    groups = node.integer("groups", 1)
    products = [
        grouped_product(a, b, groups) for a, b in zip(taps(node, x, 0), kernel, strict=True)
    ]
    total: Array = np.sum(products, axis=0)
    return total


@implements("conv1d")
def conv1d(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``out[o] = sum over k of in[o * stride - pad + k * dilation] @ kernel[k]``, plus the bias."""
    return _finished(node, convolve(node, inputs[0], constants["kernel"]), constants, context)


@implements("dense")
def dense(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``x @ kernel`` over the last axis, plus the bias."""
    return _finished(node, inputs[0] @ constants["kernel"], constants, context)


def _finished(node: Node, x: Array, constants: Mapping[str, Array], context: Context) -> Array:
    """Add the bias, then apply the activation that an imported layer carries."""
    if "bias" in constants:
        x = x + constants["bias"]
    name = node["activation"]
    if name == "linear":
        return x
    assert isinstance(name, str)
    activation = node.replace(op=name, attributes=complete(name, {}), constants=())
    result = FORMS.of(activation)(activation, [x], {}, context)
    assert isinstance(result, np.ndarray)
    return result
