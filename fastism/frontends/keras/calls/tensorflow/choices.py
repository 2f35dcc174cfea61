"""Comparisons, logic, and choices between values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.tensorflow.registry import Operation, Value, known, reads

_ALIKE: dict[str, Callable[..., Any]] = {
    "Equal": ops.equal,
    "Greater": ops.greater,
    "GreaterEqual": ops.greater_equal,
    "Less": ops.less,
    "LessEqual": ops.less_equal,
    "LogicalAnd": ops.logical_and,
    "LogicalNot": ops.logical_not,
    "LogicalOr": ops.logical_or,
    "NotEqual": ops.not_equal,
    "SelectV2": ops.where,
}


@reads(*_ALIKE)
def alike(operation: Operation, inputs: list[Value]) -> Value:
    """What Keras has under a name of its own."""
    return _ALIKE[operation.type](*inputs)


@reads("Select")
def select(operation: Operation, inputs: list[Value]) -> Value:
    """The older form: a condition of one axis chooses whole entries."""
    if len(inputs[0].shape) != len(inputs[1].shape):
        refuse("its condition has fewer axes than its values")
    return ops.where(*inputs)


@reads("OneHot")
def one_hot(operation: Operation, inputs: list[Value]) -> Value:
    numbers, depth, on, off = inputs
    one, zero = float(known(on, "value")), float(known(off, "value"))
    rows = ops.one_hot(
        numbers, int(known(depth, "depth")), axis=operation["axis"], dtype=operation["T"].name
    )
    return rows if (one, zero) == (1.0, 0.0) else ops.add(ops.multiply(rows, one - zero), zero)
