"""Windows of the reference, deltas, and how they meet.

Batch axes: N sequences, P (sequence, site) pairs, M = P * A items, alternatives fastest. Whether a
window hangs over an edge is known from the site table while emitting, so inner sites pay nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.backends.tensorflow.moves import padded, rows_of
from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node


def positions(constants: Constants, role: str, site: Tensor, width: int) -> Tensor:
    """table[site] + j for j < width, (P, width)."""

    def make() -> Tensor:
        column = constants.prepared(role, "column", lambda table: table[:, None])
        return tf.gather(column, site) + tf.constant(np.arange(width), column.dtype)

    return constants.once(("positions", constants.name(role), site.ref(), width), make)


def inside(constants: Constants, position: Tensor, length: int) -> Tensor:
    """Whether a position is one of ``[0, length)``."""
    key = ("inside", position.ref(), length)
    return constants.once(key, lambda: (position >= 0) & (position < length))


def hangs(constants: Constants, width: int, length: int) -> bool:
    """Whether the window of any site reaches outside ``[0, length)``."""
    return not _within(constants.array("start"), width, length)


def _within(start: npt.NDArray[Any], width: int, length: int) -> bool:
    return bool(np.min(start) >= 0 and np.max(start) + width <= length)


def pair_shape(constants: Constants, pairs: Tensor, *tail: int) -> Tensor:
    """(P, A, *tail); ``pairs`` is anything whose first axis is P."""
    count = constants.once(("pairs",), lambda: tf.shape(pairs)[:1])
    return constants.once(("shape", tail), lambda: tf.concat([count, [-1, *tail]], axis=0))


def by_pair(items: Tensor, pairs: Tensor, constants: Constants) -> Tensor:
    """Items (M, ...) as (P, A, ...); ``pairs`` is anything whose first axis is P."""
    tail = (int(dim) for dim in items.shape[1:])
    return tf.reshape(items, pair_shape(constants, pairs, *tail))


def by_item(folded: Tensor) -> Tensor:
    """(P, A, ...) as (M, ...)."""
    return tf.reshape(folded, [-1, *(int(dim) for dim in folded.shape[2:])])


def rows(value: Tensor) -> Tensor:
    """All positions of all sequences or items, one below the other."""
    return tf.reshape(value, [-1, *(int(dim) for dim in value.shape[2:])])


def first_row(constants: Constants, number: Tensor, length: int) -> Tensor:
    """In which of `rows` the sequence or item of a number begins, with an axis for positions."""
    key = ("first row", number.ref(), length)
    return constants.once(key, lambda: tf.expand_dims(number, -1) * length)


def _mask(value: Tensor, like: Tensor) -> Tensor:
    """A (P, width) value as (P, 1, width, 1...), to meet (P, A, width, C...)."""
    return tf.reshape(value, [-1, 1, int(value.shape[1]), *([1] * (like.shape.rank - 3))])


@emits("window")
def window(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Positions [start, start + width) of each pair's sequence; ``fill`` outside the input."""
    reference, sequence, site = inputs
    width, length = node.integer("width"), int(reference.shape[1])
    position = positions(constants, "start", site, width)
    flat, first = rows(reference), first_row(constants, sequence, length)
    if not hangs(constants, width, length):
        return tf.gather(flat, first + position)
    taken = tf.gather(flat, first + tf.clip_by_value(position, 0, length - 1))
    known = tf.reshape(
        inside(constants, position, length), [-1, width, *([1] * (taken.shape.rank - 2))]
    )
    return tf.where(known, taken, tf.cast(node.number("fill"), taken.dtype))


@emits("gather_reference")
def gather_reference(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Each pair's sequence, whole."""
    return tf.gather(inputs[0], inputs[1])


@emits("place")
def place(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """result[j] = delta[j + shift]; zero outside the delta, and outside the value."""
    delta, site = inputs
    width, found = node.integer("width"), int(delta.shape[1])
    index, length = positions(constants, "shift", site, width), node.integer("length")
    if _within(constants.array("shift"), width, found) and not hangs(constants, width, length):
        items = constants.once(
            ("items",), lambda: by_pair(tf.range(tf.shape(delta)[0]), site, constants)
        )
        first = first_row(constants, items, found)
        return by_item(tf.gather(rows(delta), first + tf.expand_dims(index, 1)))
    folded = by_pair(delta, site, constants)
    known = inside(constants, index, found)
    if hangs(constants, width, length):
        known &= inside(constants, positions(constants, "start", site, width), length)
    # One more row, of zeros, stands for everything outside.
    padded = tf.pad(folded, [[0, 0], [0, 0], [0, 1], *([[0, 0]] * (delta.shape.rank - 2))])
    return by_item(tf.gather(padded, tf.where(known, index, found), axis=2, batch_dims=1))


@emits("pick")
def pick(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """delta[offset : offset + width], zeros where that is outside the delta."""
    delta = inputs[0]
    offset, width, found = node.integer("offset"), node.integer("width"), int(delta.shape[1])
    first, last = max(offset, 0), min(offset + width, found)
    if last <= first:
        return tf.zeros([tf.shape(delta)[0], width, *delta.shape[2:]], delta.dtype)
    kept = rows_of(delta, first, last - first, constants)
    return padded(kept, first - offset, offset + width - last, constants)


@emits("add_reference")
def add_reference(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The mutated value: the delta plus its pair's reference."""
    return by_item(by_pair(inputs[0], inputs[1], constants) + tf.expand_dims(inputs[1], 1))


@emits("subtract_reference")
def subtract_reference(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The delta: the mutated value less its pair's reference."""
    return by_item(by_pair(inputs[0], inputs[1], constants) - tf.expand_dims(inputs[1], 1))


@emits("expand")
def expand(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """One copy of a pair's reference for each of its items."""
    reference, like = inputs
    pairs = tf.shape(reference)[0]
    copies = tf.math.floordiv(tf.shape(like)[0], tf.maximum(pairs, 1))
    return tf.repeat(reference, copies, axis=0)


@emits("zero_window")
def zero_window(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The delta of a value the edit does not reach."""
    shape = [tf.shape(inputs[0])[0], node.integer("width"), node.integer("channels")]
    return tf.zeros(shape, inputs[0].dtype)


@emits("mask_outside")
def mask_outside(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """``fill`` where the window lies outside the value."""
    value, site = inputs
    position = positions(constants, "start", site, int(value.shape[1]))
    folded = by_pair(value, site, constants)
    known = inside(constants, position, node.integer("length"))
    fill = tf.cast(node.number("fill"), value.dtype)
    return by_item(tf.where(_mask(known, folded), folded, fill))


@emits("scale_positions")
def scale_positions(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """Times the factor of the position; 1 outside the value."""
    delta, site = inputs
    factor = constants.tensor("factor")
    length = int(factor.shape[0])
    position = positions(constants, "start", site, int(delta.shape[1]))
    taken = tf.gather(factor, tf.clip_by_value(position, 0, length - 1))
    taken = tf.where(inside(constants, position, length), taken, 1.0)
    folded = by_pair(delta, site, constants)
    return by_item(folded * tf.cast(_mask(taken, folded), delta.dtype))


@emits("dense_rows")
def dense_rows(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The window's delta times the kernel rows that belong to it, one product a chunk."""
    delta, site = inputs
    width, channels = int(delta.shape[1]), int(delta.shape[2])
    start = tf.gather(constants.tensor("start"), site[0])
    kernel = constants.tensor("kernel")
    taken = tf.slice(kernel, [start * channels, 0], [width * channels, int(kernel.shape[1])])
    return tf.matmul(tf.reshape(delta, [-1, width * channels]), taken)


@emits("sum_window")
def sum_window(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The sum over the window, scaled."""
    return tf.reduce_sum(inputs[0], axis=1) * tf.constant(node.number("scale"), inputs[0].dtype)


@emits("weigh_reference")
def weigh_reference(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """The sum of the rows of each pair's reference, weighed by its items' vectors."""
    vector, reference = inputs
    return by_item(tf.matmul(by_pair(vector, reference, constants), reference))


@emits("dense_by_channel")
def dense_by_channel(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """One product a channel, over the positions."""
    length, channels = (int(extent) for extent in inputs[0].shape[1:])
    kernel = constants.prepared(
        "kernel", "by channel", lambda k: k.reshape(length, channels, -1).transpose(1, 0, 2)
    )
    products = tf.matmul(tf.transpose(inputs[0], [2, 0, 1]), kernel)
    return tf.transpose(products, [1, 0, 2])
