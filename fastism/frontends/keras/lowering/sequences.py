"""Which inputs hold sequences: (N, L, C), or one with an axis of one position more."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.ir.types import TensorType

Shape = Sequence[int | None]


def holds_sequences(shape: Shape) -> bool:
    """Whether a shape is (N, L, C), (N, L, C, 1), (N, L, 1, C) or (N, 1, L, C)."""
    if len(shape) == 3:
        return shape[2] is not None
    if len(shape) != 4:
        return False
    others = [extent for axis, extent in enumerate(shape) if axis not in (0, length_axis(shape))]
    return None not in others and 1 in others


def length_axis(shape: Shape) -> int:
    """The axis of the positions: 1, or 2 behind an axis of one position."""
    return 2 if len(shape) == 4 and shape[1] == 1 else 1


def sequence_type(type_: TensorType) -> TensorType:
    """The same elements as (N, L, C)."""
    length = int(type_.shape[length_axis([1, *map(int, type_.shape[1:])])])
    return type_.with_shape(type_.shape[0], length, type_.elements // length)


def turned_type(type_: TensorType) -> TensorType | None:
    """The type (N, L, C) of a value (N, C, L), (N, C, 1, L) or (N, C, L, 1); None for another.

    There are more positions than channels: one whose first axis is longer has its positions there.
    """
    channels, *rest = (int(extent) for extent in type_.shape[1:])
    longer = [extent for extent in rest if extent != 1]
    if len(longer) != 1 or longer[0] <= channels:
        return None
    return type_.with_shape(type_.shape[0], longer[0], channels)
