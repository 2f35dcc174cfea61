"""Products of two tensors, summed over an axis of both: attention that pools, two towers' match."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.calls.call import Call, Expression, handles, refuse
from fastism.frontends.keras.calls.composer import Composer

MOST = 8
"""Entries of the shorter axis of a result: each is a product and a sum of its own."""


@handles("layers.Dot")
def dot(call: Call) -> Expression:
    """``Dot(axes=(1, 1))([weights, values])``, or along other axes."""
    (given,), layer = call.arguments, call.operation
    call.require(normalize=False)
    if not isinstance(given, (list, tuple)) or len(call.types) != 2:
        refuse("it is not called with two tensors")
    axes = [layer.axes] * 2 if isinstance(layer.axes, int) else list(layer.axes)
    composer = Composer(call.types)
    first, second = (axis % type.rank for axis, type in zip(axes, call.types, strict=True))
    return composer.expression(summed(composer, first, second))


def summed(composer: Composer, first: int, second: int) -> int:
    """The product of the first two values, summed over an axis of each: (N, K, C).

    What has but this axis gives the result none: (N, C) of (N, L) and (N, L, C). Raises
    NotExpressible where both have many entries beside it, or one has as many as are summed: as
    where every position attends to every other.
    """
    left, right = composer.types[:2]
    if {left.rank, right.rank} - {2, 3} or 0 in (first, second):
        refuse(f"it is a product of two tensors, {left} and {right}")
    if left.rank == right.rank == 2:
        return composer.add("channel_sum", composer.add("multiply", 0, 1))
    ends = [_last(composer, index, axis) for index, axis in ((0, first), (1, second))]
    turned = composer.types[ends[1]].channels < composer.types[ends[0]].channels
    few, many = reversed(ends) if turned else ends
    rows, (kept, channels) = [], (composer.types[each].channels for each in (few, many))
    mixes = kept > 1 and channels == composer.types[many].length
    if kept > MOST or mixes:
        over = first == second == 1
        why = "each entry sums over all positions" if over else "every position meets every other"
        refuse(f"it is a product of two tensors, {left} and {right}: {why}")
    for start in range(kept):
        row = few
        if kept > 1:
            part = {"start": start, "stop": start + 1}
            row = composer.add("slice_channels", few, attributes=part)
        weighed = composer.add("multiply", many, row)
        rows.append(composer.add("global_sum_pool", weighed, attributes={"keepdims": True}))
    result = rows[0] if kept == 1 else composer.add("concatenate", *rows, attributes={"axis": 1})
    if turned:
        result = composer.add("permute", result, attributes={"order": (2, 1)})
    if 2 in (left.rank, right.rank):
        result = composer.add("reshape", result, attributes={"shape": (max(kept, channels),)})
    return result


def _last(composer: Composer, index: int, axis: int) -> int:
    """A value with the axis that is summed in the place of the positions, (N, L, entries)."""
    type = composer.types[index]
    if type.rank == 2:
        return composer.add("reshape", index, attributes={"shape": (type.channels, 1)})
    if axis == 2:
        return composer.add("permute", index, attributes={"order": (2, 1)})
    return index


def product(call: Call) -> Expression:
    """``matmul`` of two tensors."""
    if any(type.rank != 3 for type in call.types):
        refuse(f"it is a product of two tensors, {call.types[0]} and {call.types[1]}")
    composer = Composer(call.types)
    return composer.expression(summed(composer, 2, 1))


def einsum(call: Call, sources: Sequence[str], result: str) -> Expression:
    """``"blk,blc->bkc"``: what stands in both sources, but for the batch, is summed."""
    composer, (left, right) = Composer(call.types), sources
    shared = [letter for letter in left[1:] if letter in right[1:]]
    rest = "".join(letter for letter in left + right if letter not in (*shared, left[0]))
    plain = all(len(set(each)) == len(each) for each in (left, right, result))
    if (
        len(shared) != 1
        or left[0] != right[0]
        or not plain
        or sorted(rest + left[0]) != sorted(result)
    ):
        refuse(f"it sums as {','.join(sources)}->{result}")
    found = summed(composer, left.index(shared[0]), right.index(shared[0]))
    if result == left[0] + rest[::-1] != left[0] + rest:
        found = composer.add("permute", found, attributes={"order": (2, 1)})
    elif result != left[0] + rest:
        refuse(f"it sums as {','.join(sources)}->{result}")
    return composer.expression(found)
