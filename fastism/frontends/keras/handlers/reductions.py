"""Means, sums, extrema and variances: over the positions, over the channels, or over both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastism.frontends.keras.calls.call import Call, Expression, Step, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers.comparisons import require_reader, truth

_KINDS = {
    "Mean": "mean",
    "Average": "mean",
    "Sum": "sum",
    "Max": "max",
    "Amax": "max",
    "Min": "min",
    "Amin": "min",
    "Any": "any",
    "All": "all",
    "Var": "variance",
    "Std": "deviation",
    "Norm": "norm",
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
    if kind == "min":
        turned = composer.affine(value, scale=-1.0)
        return composer.affine(reduced(composer, "max", turned, axes), scale=-1.0)
    if type.rank not in (2, 3, 4):
        refuse(f"it reduces over the axes {tuple(axes)} of {type}")
    if type.rank == 4 and 2 in axes:
        value = _across(composer, kind, value)
    if type.rank > 2 and 1 in axes:
        value = _over_positions(composer, kind, value)
    if type.rank - 1 in axes:
        value = composer.add("channel_max" if kind == "max" else "channel_sum", value)
        value = composer.affine(value, scale=1.0 / type.channels if kind == "mean" else None)
    return value


def _shaped(composer: Composer, value: int, *shape: int) -> int:
    return composer.add("reshape", value, attributes={"shape": shape})


def _across(composer: Composer, kind: str, value: int) -> int:
    """Over the axis between positions and channels: pools side by side, of its rows in a row."""
    length, width, channels = (int(extent) for extent in composer.types[value].shape[1:])
    rows = _shaped(composer, value, length * width, channels)
    op, attributes = "max_pool" if kind == "max" else "average_pool", {"size": width}
    pooled = composer.add(op, rows, attributes={**attributes, "stride": width})
    pooled = composer.affine(pooled, scale=float(width) if kind == "sum" else None)
    return _shaped(composer, pooled, length, 1, channels)


def _over_positions(composer: Composer, kind: str, value: int) -> int:
    inner = tuple(int(extent) for extent in composer.types[value].shape[2:])
    if len(inner) > 1:
        value = _shaped(composer, value, -1, math.prod(inner))
    value = composer.add(_POOLS[kind], value, attributes={"keepdims": True})
    return value if len(inner) == 1 else _shaped(composer, value, 1, *inner)


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


def _value(composer: Composer, kind: str, axes: Sequence[int]) -> int:
    """Any of the reductions, over axes that stay with one entry."""
    if kind == "variance":
        return variance(composer, 0, axes)
    if kind == "deviation":
        return composer.add("sqrt", variance(composer, 0, axes))
    if kind == "norm":
        total = reduced(composer, "sum", composer.add("square", 0), axes)
        return composer.add("sqrt", total)
    if kind == "logsumexp":
        return _logsumexp(composer, 0, axes)
    if kind in ("any", "all"):
        return reduced(composer, "max" if kind == "any" else "min", truth(composer, 0), axes)
    return reduced(composer, kind, 0, axes)


@handles(*(f"ops.{name}" for name in _KINDS))
def reduce(call: Call) -> Sequence[Step]:
    operation, type = call.operation, call.type
    kind, axes = _KINDS[call.kind], axes_of(operation.axis, type.rank)
    call.require(initial=None, weights=None)
    if kind == "norm" and (operation.ord not in (None, 2) or len(axes) > 1):
        refuse(f"it is the norm {operation.ord} over {len(axes)} axes")
    if kind in ("any", "all"):
        require_reader(call)
    keepdims = bool(getattr(operation, "keepdims", False))
    if type.rank == 3 and axes == (1,) and kind in _POOLS:
        return [Step(_POOLS[kind], {"keepdims": keepdims})]
    composer = Composer([type])
    value = _value(composer, kind, axes)
    if not keepdims:
        without_axes(composer, value, axes)
    return composer.steps


@handles("ops.Moments")
def moments(call: Call) -> Expression:
    """The mean and the variance."""
    axes, composer = axes_of(call.operation.axes, call.type.rank), Composer([call.type])
    call.require(synchronized=False)
    values = [reduced(composer, "mean", 0, axes), variance(composer, 0, axes)]
    if not call.operation.keepdims:
        values = [without_axes(composer, value, axes) for value in values]
    return composer.expression(*values)


def without_axes(composer: Composer, value: int, axes: Sequence[int]) -> int:
    """Drop axes of one entry."""
    shape = composer.types[value].shape
    rest = tuple(int(extent) for axis, extent in enumerate(shape) if axis and axis not in axes)
    if len(shape) == 3 and shape[2] == 1 != shape[1]:
        return composer.add("flatten", value)
    return composer.add("reshape", value, attributes={"shape": rest})
