"""Loops whose root puts the numbers of an item in other places: reshapes, axes in another order.

Where each number of the result comes from is what numpy's definition of the op makes of the
places' own numbers: a table, which the loop reads along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from fastism.backends import reference
from fastism.backends.native.code import F32_BYTES, Value
from fastism.backends.native.reductions import by_row
from fastism.backends.native.writing import Writer
from fastism.ir.graph import Attribute, Node
from fastism.ir.types import TensorType

REARRANGED: Final = frozenset({"reshape", "flatten", "permute", "slice_channels"})
"""Ops that put numbers in other places, or leave some away, and may have no form but this."""
PERMUTED: Final = "through"
"""The attribute of a permute that is a chain: each step's op and attributes."""

Steps: TypeAlias = tuple[tuple[str, tuple[tuple[str, Attribute], ...]], ...]


@dataclass(frozen=True)
class Rearranged:
    """The rows of the result, the places of each, and whether those of any vector lie in line."""

    rows: int
    places: int
    in_line: bool


def places_of(root: Node, read: TensorType, row: int, lanes: int) -> npt.NDArray[np.int32]:
    """Which byte of its input every number of a root's result is at, by row; whole vectors.

    row: bytes from one row of the input to the next.
    """
    numbers = np.arange(read.elements).reshape(1, *map(int, read.shape[1:]))
    context = reference.Context({}, lambda graph, arrays: ())
    for op, attributes in steps_of(root):
        step = Node(root.name, op, (), (), dict(attributes))
        numbers = np.asarray(reference.FORMS.of(step)(step, [numbers], {}, context))
    table = numbers.reshape(root.type.length, root.type.channels)
    places = table // read.channels * row + table % read.channels * F32_BYTES
    filled = np.zeros((len(places), -(-root.type.channels // lanes) * lanes), np.int32)
    filled[:, : root.type.channels] = places
    return filled


def is_chain(node: Node) -> bool:
    """Whether a node is several in one, which native loops alone know."""
    return PERMUTED in node.attributes


def steps_of(node: Node) -> Steps:
    """What a node does to its input, one thing after the other."""
    chain = node.attributes.get(PERMUTED)
    return cast(Steps, chain) if chain else ((node.op, tuple(node.attributes.items())),)


def rearranged(places: npt.NDArray[np.int32], channels: int, lanes: int) -> Rearranged:
    """What the loop for some places is, of so many channels."""
    apart = np.diff(places[:, :channels], axis=1) == F32_BYTES
    within = np.arange(1, channels) % lanes != 0
    rows, filled = places.shape
    return Rearranged(rows, filled, in_line=bool(apart[:, within].all()))


def write_rearranged(writer: Writer, root: Rearranged, places: Value) -> None:
    """Write the loop over the tiles of a block. places: the address of the table."""
    code = writer.code

    def row(source: Value, number: Value) -> Callable[[Value, int], Value]:
        line = code.add(places, code.mul(number, root.places * F32_BYTES))

        def vector(place: Value, lanes: int) -> Value:
            def address(lane: int) -> Value:
                index = code.load_index(code.add(line, place, lane * F32_BYTES))
                return code.add(source, index)

            if root.in_line:
                return code.load(address(0), lanes)
            return code.vector_of([code.load_scalar(address(lane)) for lane in range(lanes)])

        return vector

    by_row(writer, root.rows, row)
