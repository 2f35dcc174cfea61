"""Means, sums, extrema and variances: over the positions, over the channels, or over both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastism.frontends.keras.call import Call, Step, handles, refuse
from fastism.frontends.keras.composer import Composer

_KINDS = {
    "Mean": "mean",
    "Sum": "sum",
    "Max": "max",
    "Amax": "max",
    "Min": "min",
    "Amin": "min",
    "Var": "variance",
    "Std": "deviation",
    "Logsumexp": "logsumexp",
}
_POOLS = {
    "mean": "global_average_pool",
    "sum": "global_sum_pool",
    "max": "global_max_pool",
}


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Axes counted from the front, in order. Raises NotExpressible for the batch axis."""
    if axis is None:
        refuse("it reduces over the batch")
    given = axis if isinstance(axis, (list, tuple)) else [axis]
    axes = tuple(sorted({int(each) % rank for each in given}))
    if 0 in axes:
        refuse("it reduces over the batch")
    return axes


def reduced(composer: Composer, kind: str, value: int, axes: Sequence[int]) -> int:
    """A mean, sum, max or min over some axes, each of which stays with one entry."""
    type = composer.types[value]
    positions, channels = type.rank == 3 and 1 in axes, type.rank - 1 in axes
    if len(axes) != positions + channels:
        refuse(f"it reduces over the axes {tuple(axes)} of {type}")
    if kind == "min":
        turned = composer.affine(value, scale=-1.0)
        return composer.affine(reduced(composer, "max", turned, axes), scale=-1.0)
    if positions:
        value = composer.add(_POOLS[kind], value, attributes={"keepdims": True})
    if channels:
        value = composer.add("channel_max" if kind == "max" else "channel_sum", value)
        value = composer.affine(value, scale=1.0 / type.channels if kind == "mean" else None)
    return value


def variance(composer: Composer, value: int, axes: Sequence[int]) -> int:
    """The mean square of what differs from the mean."""
    distance = composer.add("subtract", value, reduced(composer, "mean", value, axes))
    return reduced(composer, "mean", composer.add("square", distance), axes)


def softmax(composer: Composer, value: int, axes: Sequence[int], *, log: bool = False) -> int:
    """Exponentials over their sum, or the logarithm of that."""
    shifted = composer.add("subtract", value, reduced(composer, "max", value, axes))
    powers = composer.add("exponential", shifted)
    total = reduced(composer, "sum", powers, axes)
    if log:
        return composer.add("subtract", shifted, composer.add("log", total))
    return composer.add("divide", powers, total)


def _logsumexp(composer: Composer, value: int, axes: Sequence[int]) -> int:
    most = reduced(composer, "max", value, axes)
    powers = composer.add("exponential", composer.add("subtract", value, most))
    return composer.add("add", most, composer.add("log", reduced(composer, "sum", powers, axes)))


@handles(*(f"ops.{name}" for name in _KINDS))
def reduce(call: Call) -> Sequence[Step]:
    operation, type = call.operation, call.type
    kind, axes = _KINDS[type_name(call)], axes_of(operation.axis, type.rank)
    call.require(initial=None)
    if type.rank == 3 and axes == (1,) and kind in _POOLS:
        return [Step(_POOLS[kind], {"keepdims": bool(operation.keepdims)})]
    composer = Composer([type])
    if kind == "variance":
        value = variance(composer, 0, axes)
    elif kind == "deviation":
        value = composer.add("sqrt", variance(composer, 0, axes))
    elif kind == "logsumexp":
        value = _logsumexp(composer, 0, axes)
    else:
        value = reduced(composer, kind, 0, axes)
    if not operation.keepdims:
        without_axes(composer, value, axes)
    return composer.steps


def without_axes(composer: Composer, value: int, axes: Sequence[int]) -> int:
    """Drop axes of one entry. Raises NotExpressible where a number a sequence would be left."""
    shape = composer.types[value].shape
    rest = tuple(int(extent) for axis, extent in enumerate(shape) if axis and axis not in axes)
    if not rest:
        refuse("it leaves one number a sequence")
    if len(shape) == 3 and shape[2] == 1 != shape[1]:
        return composer.add("flatten", value)
    return composer.add("reshape", value, attributes={"shape": rest})


def type_name(call: Call) -> str:
    """The class of a call's operation, which may stand for several in one handler."""
    return type(call.operation).__name__
