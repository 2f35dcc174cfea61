"""Numpy forms of the split stage's ops.

N sequences, P (sequence, site) pairs, M = P * A items with alternatives fastest: item ``m`` belongs
to pair ``m // A``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from fastism.backends.reference.convolution import convolve
from fastism.backends.reference.registry import Array, Context, implements
from fastism.ir.graph import Node


def shifted(values: Array, offset: Array, width: int, fill: float) -> Array:
    """``result[b, j] = values[b, j + offset[b]]``, (batch, width, ...); ``fill`` outside."""
    index = offset[:, None] + np.arange(width)
    length = values.shape[1]
    taken = values[np.arange(len(values))[:, None], np.clip(index, 0, length - 1)]
    return np.where(_over_channels((index >= 0) & (index < length), values), taken, fill)


def by_item(table: Array, site: Array, items: Array) -> Array:
    """The table's entry for the site of every item (or of every pair, where items are pairs)."""
    return np.repeat(table[site], len(items) // len(site) if len(site) else 1)


def inside(start: Array, width: int, length: int) -> Array:
    """(batch, width) truth: is ``start[b] + j`` inside ``[0, length)``?"""
    position = start[:, None] + np.arange(width)
    return (position >= 0) & (position < length)


def _over_channels(mask: Array, like: Array) -> Array:
    return mask.reshape(mask.shape + (1,) * (like.ndim - 2))


def _by_alternative(items: Array, pairs: Array) -> Array:
    """Items (M, ...) as (P, A, ...)."""
    alternatives = len(items) // len(pairs) if len(pairs) else 1
    return items.reshape(len(pairs), alternatives, *items.shape[1:])


@implements("window")
def window(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[p, j] = reference[sequence[p], start[site[p]] + j]``, ``fill`` outside."""
    reference, sequence, site = inputs
    start = constants["start"][site]
    return shifted(reference[sequence], start, node.integer("width"), node.number("fill"))


@implements("gather_reference")
def gather_reference(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[p] = reference[sequence[p]]``."""
    reference, sequence = inputs
    return reference[sequence]


@implements("place")
def place(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m, j] = delta[m, j + shift]``; zero outside the delta and outside the value."""
    delta, site = inputs
    width, length = node.integer("width"), node.integer("length")
    moved = shifted(delta, by_item(constants["shift"], site, delta), width, 0)
    exists = inside(by_item(constants["start"], site, delta), width, length)
    return np.where(_over_channels(exists, moved), moved, 0)


@implements("pick")
def pick(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m, j] = delta[m, j + offset]``; zero outside the delta."""
    (delta,) = inputs
    offset = np.full(len(delta), node.integer("offset"))
    return shifted(delta, offset, node.integer("width"), 0)


@implements("add_reference")
def add_reference(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m] = delta[m] + reference[m // A]``."""
    delta, reference = inputs
    return (_by_alternative(delta, reference) + reference[:, None]).reshape(delta.shape)


@implements("subtract_reference")
def subtract_reference(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m] = value[m] - reference[m // A]``."""
    value, reference = inputs
    return (_by_alternative(value, reference) - reference[:, None]).reshape(value.shape)


@implements("expand")
def expand(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m] = reference[m // A]``."""
    reference, like = inputs
    return np.repeat(reference, len(like) // len(reference) if len(reference) else 1, axis=0)


@implements("zero_window")
def zero_window(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """Zeros, (M, width, channels)."""
    (like,) = inputs
    return np.zeros((len(like), node.integer("width"), node.integer("channels")), like.dtype)


@implements("mask_outside")
def mask_outside(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``value[m, j]`` where ``start + j`` is inside ``[0, length)``, else ``fill``."""
    value, site = inputs
    start = by_item(constants["start"], site, value)
    exists = inside(start, value.shape[1], node.integer("length"))
    return np.where(_over_channels(exists, value), value, node.number("fill"))


@implements("scale_positions")
def scale_positions(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``delta[m, j] * factor[start + j]``; outside the factors, times 1."""
    delta, site = inputs
    start = by_item(constants["start"], site, delta)
    every = np.broadcast_to(constants["factor"], (len(delta), len(constants["factor"])))
    return delta * _over_channels(shifted(every, start, delta.shape[1], 1), delta)


@implements("conv1d_spread")
def conv1d_spread(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[q] = sum over k of delta[q + (k - (width - 1)) * dilation] @ kernel[k]``.

    That is the convolution with enough zeros on both sides for every output the delta reaches.
    """
    reach = (node.integer("width") - 1) * node.integer("dilation")
    padded = node.with_attributes(stride=1, pad=(reach, reach))
    return convolve(padded, inputs[0], constants["kernel"])


@implements("dense_rows")
def dense_rows(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m] = sum over j of delta[m, j] @ rows[start + j]``, positions outside left out.

    ``rows`` is the kernel (length * channels, units) as (length, channels, units).
    """
    delta, site = inputs
    length, units = node.integer("length"), constants["kernel"].shape[1]
    rows = constants["kernel"].reshape(length, delta.shape[2], units)
    start = by_item(constants["start"], site, delta)
    result = np.zeros((len(delta), units), delta.dtype)
    for j in range(delta.shape[1]):
        for position in np.unique(start + j):
            if 0 <= position < length:
                here = start + j == position
                result[here] += delta[here, j] @ rows[position]
    return result


@implements("sum_window")
def sum_window(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``scale`` times the sum over the positions."""
    total: Array = inputs[0].sum(axis=1)
    return node.number("scale") * total


@implements("weigh_reference")
def weigh_reference(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[m] = sum over c of vector[m, c] * reference[m // A, c]``."""
    vector, reference = inputs
    weighed: Array = np.einsum("pac,pcu->pau", _by_alternative(vector, reference), reference)
    return weighed.reshape(len(vector), reference.shape[2])


@implements("dense_by_channel")
def dense_by_channel(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[n, c] = sum over p of x[n, p, c] * kernel[p * C + c]``."""
    (x,) = inputs
    kernel = constants["kernel"].reshape(*x.shape[1:], -1)
    summed: Array = np.einsum("npc,pcu->ncu", x, kernel)
    return summed


@implements("running_max")
def running_max(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[:, i] = max(x[:, :i])``, or ``max(x[:, i:])`` if ``reverse``; -inf of none."""
    (x,) = inputs
    step = -1 if node["reverse"] else 1
    none = np.full_like(x[:, :1], -math.inf)
    running = np.maximum.accumulate(x[:, ::step], axis=1)
    return np.concatenate([none, running], axis=1)[:, ::step]


@implements("running_logsumexp")
def running_logsumexp(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[:, i] = log(sum(exp(x - max(x))[:, :i]))``, or of ``[:, i:]`` if ``reverse``."""
    (x,) = inputs
    step = -1 if node["reverse"] else 1
    none = np.full_like(x[:, :1], -math.inf)
    relative = (x - x.max(axis=1, keepdims=True))[:, ::step]
    return np.concatenate([none, np.logaddexp.accumulate(relative, axis=1)], axis=1)[:, ::step]


@implements("running_softmax_pool")
def running_softmax_pool(
    node: Node, inputs: Sequence[Array], constants: Mapping[str, Array], context: Context
) -> Array:
    """``result[:, i] = softmax_pool(scores[:, :i], values[:, :i])``, or of ``[:, i:]``."""
    scores, values = inputs
    step = -1 if node["reverse"] else 1
    result = np.zeros((len(values), values.shape[1] + 1, values.shape[2]), values.dtype)
    total = np.full_like(scores[:, 0], -math.inf)
    for i, position in enumerate(range(values.shape[1])[::step]):
        before, total = total, np.logaddexp(total, scores[:, position])
        kept, new = np.exp(before - total), np.exp(scores[:, position] - total)
        result[:, i + 1] = kept * result[:, i] + new * values[:, position]
    return result[:, ::step]
