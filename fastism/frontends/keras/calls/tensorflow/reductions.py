"""Operations over whole axes: sums, means, extrema, softmax, normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from fastism.frontends.keras.calls.call import refuse
from fastism.frontends.keras.calls.tensorflow.registry import (
    Operation,
    Value,
    integers,
    known,
    reads,
)

_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "All": ops.all,
    "Any": ops.any,
    "EuclideanNorm": ops.norm,
    "Max": ops.max,
    "Mean": ops.mean,
    "Min": ops.min,
    "Prod": ops.prod,
    "Sum": ops.sum,
}
_ARGUMENTS: dict[str, Callable[..., Any]] = {"ArgMax": ops.argmax, "ArgMin": ops.argmin}


@reads(*_REDUCTIONS)
def reduction(operation: Operation, inputs: list[Value]) -> Value:
    """Over known axes, but not that of the sequences."""
    axes = integers(inputs[1], "axes")
    if not axes:
        return inputs[0]
    axis = axes[0] if len(axes) == 1 else tuple(axes)
    return _REDUCTIONS[operation.type](inputs[0], axis=axis, keepdims=operation["keep_dims"])


@reads(*_ARGUMENTS)
def argument(operation: Operation, inputs: list[Value]) -> Value:
    """Where the largest or smallest entry is."""
    (axis,) = integers(inputs[1], "axis")
    found = _ARGUMENTS[operation.type](inputs[0], axis=axis)
    return ops.cast(found, operation["output_type"].name)


@reads("Softmax")
def softmax(operation: Operation, inputs: list[Value]) -> Value:
    """Over the last axis."""
    return ops.softmax(inputs[0], axis=-1)


@reads("LogSoftmax")
def log_softmax(operation: Operation, inputs: list[Value]) -> Value:
    """Over the last axis, as a logarithm."""
    return ops.log_softmax(inputs[0], axis=-1)


@reads("Cumsum", "Cumprod")
def running(operation: Operation, inputs: list[Value]) -> Value:
    """Over what stands in front of an entry and itself, or behind it."""
    operation.require(exclusive=False)
    (axis,) = integers(inputs[1], "axis")
    run = ops.cumsum if operation.type == "Cumsum" else ops.cumprod
    if not operation["reverse"]:
        return run(inputs[0], axis=axis)
    return ops.flip(run(ops.flip(inputs[0], axis), axis=axis), axis)


@reads("TopKV2")
def largest(operation: Operation, inputs: list[Value]) -> list[Value]:
    """The largest entries along the last axis, and where they are; ``tf.sort`` is all of them."""
    (count,), value = integers(inputs[1], "k"), inputs[0]
    every = (ops.flip(order(value, axis=-1), -1) for order in (ops.sort, ops.argsort))
    return [each[..., :count] for each in every]


@reads("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def batch_normalization(operation: Operation, inputs: list[Value]) -> list[Value]:
    """By the moments of training; no other result than the normalized value is read."""
    if operation["is_training"]:
        refuse("it takes the moments of the batch")
    value, scale, offset, mean, variance = inputs
    given = {
        "scale": known(scale, "scale"),
        "offset": known(offset, "offset"),
        "mean": known(mean, "mean"),
        "variance": known(variance, "variance"),
    }
    axis = -1 if operation["data_format"] == "NHWC" else 1
    normalized = ops.batch_normalization(value, axis=axis, epsilon=operation["epsilon"], **given)
    return [normalized, *(mean, variance, mean, variance, mean)[: _further(operation)]]


def _further(operation: Operation) -> int:
    """How many results there are beside the normalized value."""
    return 5 if operation.type == "FusedBatchNormV3" else 4
