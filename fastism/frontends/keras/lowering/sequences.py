"""Which inputs hold sequences, and which of their axes the positions."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.ir.types import TensorType

Shape = Sequence[int | None]

FEWEST = 6
"""Positions of a sequence, where the other axis, which has as many or more, might hold them."""


def holds_sequences(shape: Shape) -> bool:
    """Whether a shape has an axis of positions, one of channels, and at most one of one position.

    (N, L, C), (N, C, L), (N, L, C, 1), (N, L, 1, C), (N, 1, L, C), (N, C, L, 1), ...
    """
    others = list(shape[1:])
    if len(others) not in (2, 3) or others.count(None) > 1:
        return False
    return len(others) == 2 or 1 in others


def length_axis(shape: Shape, length: int | None = None, *, front: bool = False) -> int:
    """The axis of the positions: the free one, or that of ``length`` positions.

    Else the longer one, of two axes beside one of one position, or where ``front`` says that the
    channels stand in front; otherwise the first. Of (N, L, C) no shorter axis is told by its
    ``length``, which is a wrong one then.
    """
    axes = range(1, len(shape))
    longest = max(axes, key=lambda axis: shape[axis] or 0)
    for told in (None, length):
        found = [axis for axis in axes if shape[axis] == told]
        if found and (told is None or len(shape) == 4 or found[0] in (1, longest)):
            return found[0]
    return longest if len(shape) == 4 or front else 1


def is_unclear(shape: Shape, length: int | None, *, front: bool) -> bool:
    """Whether a shape that is read as (N, L, C) may be (N, C, L) as well.

    It has few positions, or a free last axis, and nothing says what that holds.
    """
    if len(shape) != 3 or length is not None or front or shape[1] is None:
        return False
    return shape[2] is None or shape[1] < FEWEST <= shape[2]


def has_channels_first(shape: Shape, axis: int) -> bool:
    """Whether a shape has its channels in front of the axis of the positions."""
    return any(extent != 1 for extent in shape[1:axis])


def sequence_type(type_: TensorType, axis: int) -> TensorType:
    """The same elements as (N, L, C)."""
    length = int(type_.shape[axis])
    return type_.with_shape(type_.shape[0], length, type_.elements // length)
