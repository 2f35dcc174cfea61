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
    """Truths: by the operation that Keras has for it."""
    return _ALIKE[operation.type](*inputs)


@reads("Select")
def select(operation: Operation, inputs: list[Value]) -> Value:
    """A condition with as many axes as what it chooses from."""
    if len(inputs[0].shape) != len(inputs[1].shape):
        refuse("its condition has fewer axes than its values")
    return ops.where(*inputs)


@reads("OneHot")
def one_hot(operation: Operation, inputs: list[Value]) -> Value:
    """A row for every whole number, with any two values in it."""
    numbers, depth, on, off = inputs
    one, zero = float(known(on, "value")), float(known(off, "value"))
    rows = ops.one_hot(
        numbers, int(known(depth, "depth")), axis=operation["axis"], dtype=operation["T"].name
    )
    return rows if (one, zero) == (1.0, 0.0) else ops.add(ops.multiply(rows, one - zero), zero)
