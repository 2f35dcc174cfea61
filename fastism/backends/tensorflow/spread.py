"""The delta of a convolution, in several forms: which is the fastest depends on CPU and shape.

natural[q] = sum over k of delta[q - (width - 1 - k) * dilation] @ kernel[k], which is a transposed
convolution; or an ordinary one of the delta with room around it; or a product a tap. Forms agree
but for rounding. A node runs in its usual form unless its graph says otherwise
(`fastism.backends.tensorflow.forms`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy.typing as npt
import tensorflow as tf

from fastism.backends.tensorflow import moves
from fastism.backends.tensorflow.kernels import FEW, blocked, of_group, product
from fastism.backends.tensorflow.moves import reshaped, rows_of
from fastism.backends.tensorflow.registry import Constants, Tensor, emits
from fastism.ir.graph import Node

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Spread:
    """One group of the channels of a node, and what it is spread by.

    width: positions of the delta. filters: channels that the group makes.
    """

    constants: Constants
    group: int
    groups: int
    taps: int
    dilation: int
    width: int
    filters: int

    def kernel(self, form: str, make: Callable[[Array], Array]) -> Tensor:
        """The group's kernel (taps, channels, filters), rearranged once by ``make``."""

        def made(kernel: Array) -> Array:
            return make(of_group(kernel, self.groups, self.group))

        return self.constants.prepared("kernel", f"{form} {self.group}", made)

    @property
    def extent(self) -> int:
        """Positions of the result."""
        return self.width + (self.taps - 1) * self.dilation


def transposed(delta: Tensor, spread: Spread) -> Tensor:
    """A transposed convolution, over the view (positions / dilation, dilation)."""
    kernel = spread.kernel("flipped", lambda kernel: kernel[::-1].transpose(0, 2, 1))
    taps, filters = spread.taps, spread.filters
    if spread.dilation == 1:
        shape = [tf.shape(delta)[0], spread.extent, filters]
        return tf.nn.conv1d_transpose(delta, kernel, shape, 1, "VALID")
    view, rows = viewed(delta, spread)
    shape = [tf.shape(view)[0], rows + taps - 1, spread.dilation, filters]
    natural = tf.nn.conv2d_transpose(view, kernel[:, None], shape, 1, "VALID")
    return flat(natural, rows + taps - 1, spread)


def padded(delta: Tensor, spread: Spread) -> Tensor:
    """An ordinary convolution of the delta with room for all taps on either side."""
    kernel = spread.kernel("natural", lambda kernel: kernel)
    room = spread.taps - 1
    if spread.dilation == 1:
        return tf.nn.conv1d(tf.pad(delta, [[0, 0], [room, room], [0, 0]]), kernel, 1, "VALID")
    view, rows = viewed(delta, spread)
    view = tf.pad(view, [[0, 0], [room, room], [0, 0], [0, 0]])
    return flat(tf.nn.conv2d(view, kernel[:, None], 1, "VALID"), rows + room, spread)


def by_tap(delta: Tensor, spread: Spread) -> Tensor:
    """A matrix product a tap, each added where its tap reaches."""
    kernel = spread.kernel("natural", lambda kernel: kernel)
    total = None
    for tap in range(spread.taps):
        before = (spread.taps - 1 - tap) * spread.dilation
        after = spread.extent - spread.width - before
        made = product(delta, kernel[tap], spread.constants)
        part = tf.pad(made, [[0, 0], [before, after], [0, 0]])
        total = part if total is None else total + part
    return total


def apart(delta: Tensor, spread: Spread) -> Tensor:
    """Taps that do not overlap: one product for all, set ``dilation`` apart."""
    taps, filters, width, dilation = spread.taps, spread.filters, spread.width, spread.dilation
    constants = spread.constants

    def by_input(kernel: Array) -> Array:
        turned = kernel[::-1].transpose(1, 0, 2)
        return turned.reshape(turned.shape[0], -1)

    kernel = spread.kernel("by input", by_input)
    if width == 1 and dilation == 1:
        return reshaped(product(delta, kernel, constants), constants, -1, taps, filters)
    made = reshaped(product(delta, kernel, constants), constants, -1, width, taps, filters)
    made = tf.transpose(made, [0, 2, 1, 3])
    made = tf.pad(made, [[0, 0], [0, 0], [0, dilation - width], [0, 0]])
    made = reshaped(made, constants, -1, taps * dilation, filters)
    return rows_of(made, 0, spread.extent, constants)


def in_blocks(delta: Tensor, spread: Spread) -> Tensor:
    """An ordinary convolution with few filters, several positions at a time."""
    room = spread.taps - 1
    x = moves.padded(delta, room, room, spread.constants)
    taps, filters = spread.taps, spread.filters
    return blocked(x, spread.constants, spread.group, spread.groups, taps, filters)


FORMS: Final[Mapping[str, Callable[[Tensor, Spread], Tensor]]] = {
    "transposed": transposed,
    "padded": padded,
    "by_tap": by_tap,
    "apart": apart,
    "in_blocks": in_blocks,
}


MANY: Final = 16
"""Taps from which on a product each is not worth trying: tracing so many takes a second."""


def serving(node: Node, width: int) -> list[str]:
    """The forms a node can run in, the usual one first; width: positions of its delta."""
    taps, dilation = node.integer("width"), node.integer("dilation")
    filters = node.type.channels // node.integer("groups")
    few = dilation == 1 and filters <= FEW <= taps
    if width <= dilation or width == 1:
        usual = "apart"
    else:
        usual = "in_blocks" if few and taps <= width else "transposed"
    tried = {"in_blocks": few, "by_tap": taps < MANY, "transposed": True, "padded": True}
    return [usual, *(form for form, serves in tried.items() if serves and form != usual)]


@emits("conv1d_spread")
def conv1d_spread(node: Node, inputs: Sequence[Tensor], constants: Constants) -> Tensor:
    """natural[q] = sum over k of delta[q - (width - 1 - k) * dilation] @ kernel[k]."""
    groups, width = node.integer("groups"), int(inputs[0].shape[1])
    form = FORMS[constants.form or serving(node, width)[0]]
    pieces = tf.split(inputs[0], groups, axis=2) if groups > 1 else [inputs[0]]
    results = [
        form(
            piece,
            Spread(
                constants,
                group,
                groups,
                taps=node.integer("width"),
                dilation=node.integer("dilation"),
                width=width,
                filters=node.type.channels // groups,
            ),
        )
        for group, piece in enumerate(pieces)
    ]
    return tf.concat(results, axis=2) if groups > 1 else results[0]


def viewed(delta: Tensor, spread: Spread) -> tuple[Tensor, int]:
    """As rows of ``dilation`` positions, over which it is not dilated; and how many there are."""
    delta = moves.padded(delta, 0, -spread.width % spread.dilation, spread.constants)
    rows, channels = int(delta.shape[1]) // spread.dilation, int(delta.shape[2])
    return reshaped(delta, spread.constants, -1, rows, spread.dilation, channels), rows


def flat(natural: Tensor, rows: int, spread: Spread) -> Tensor:
    """The positions of a view, without those that its last row has beyond the end."""
    constants = spread.constants
    natural = reshaped(natural, constants, -1, rows * spread.dilation, spread.filters)
    return rows_of(natural, 0, spread.extent, constants)
