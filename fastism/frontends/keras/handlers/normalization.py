"""Normalization: by fixed statistics, over the channels, over the length, in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from fastism.frontends.keras.calls.call import Call, Step, array, arrays, handles, refuse
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.handlers.reductions import axes_of, reduced, variance
from fastism.ir.types import NUMPY_DTYPES, TensorType


def _by_axes(variable: object, axes: Sequence[int], type: TensorType) -> Any:
    """A weight with an entry for every index of some axes, as an array that meets the value."""
    if variable is None:
        return None
    shape = [int(extent) if i in axes else 1 for i, extent in enumerate(type.shape[1:], start=1)]
    return array(variable).reshape(shape)


@handles("layers.BatchNormalization")
def batch_normalization(call: Call) -> Sequence[Step]:
    layer = call.operation
    return _batch_norm(
        call,
        gamma=layer.gamma,
        beta=layer.beta,
        mean=layer.moving_mean,
        variance=layer.moving_variance,
    )


@handles("ops.BatchNorm")
def batch_norm(call: Call) -> Sequence[Step]:
    mean, variance, offset, scale = _weights(call, 4)
    return _batch_norm(call, gamma=scale, beta=offset, mean=mean, variance=variance)


def _batch_norm(call: Call, **statistics: object) -> Sequence[Step]:
    """Scale and shift; over the last axis in Keras's own terms, which canonicalize folds."""
    type, epsilon = call.types[0], float(call.operation.epsilon)
    axes = axes_of(call.operation.axis, type.rank)
    if axes == (type.rank - 1,):
        return [Step("batch_norm", {"epsilon": epsilon}, arrays(**statistics))]
    given = {role: _by_axes(each, axes, type) for role, each in statistics.items()}
    scale = 1.0 / np.sqrt(given["variance"].astype(np.float64) + epsilon)
    scale = scale if given["gamma"] is None else scale * given["gamma"]
    shift = -given["mean"] * scale
    shift = shift if given["beta"] is None else shift + given["beta"]
    composer = Composer([type])
    composer.affine(0, scale=scale, shift=shift)
    return composer.steps


def _layer_norm(call: Call, value: TensorType, *, gamma: object, beta: object) -> Sequence[Step]:
    operation = call.operation
    axes, epsilon = axes_of(operation.axis, value.rank), _epsilon(operation)
    if axes == (value.rank - 1,) and not operation.rms_scaling:
        return [Step("layer_norm", {"epsilon": epsilon}, arrays(gamma=gamma, beta=beta))]
    composer = Composer([value])
    power = composer.affine(variance(composer, 0, axes), shift=epsilon)
    centred = 0
    if operation.rms_scaling:  # by the deviation, but not centred, and never shifted
        beta = None
    else:
        centred = composer.add("subtract", 0, reduced(composer, "mean", 0, axes))
    scaled = composer.add("divide", centred, composer.add("sqrt", power))
    composer.affine(scaled, scale=_by_axes(gamma, axes, value), shift=_by_axes(beta, axes, value))
    return composer.steps


@handles("layers.LayerNormalization")
def layer_normalization(call: Call) -> Sequence[Step]:
    return _layer_norm(call, call.type, gamma=call.operation.gamma, beta=call.operation.beta)


@handles("ops.LayerNorm")
def layer_norm(call: Call) -> Sequence[Step]:
    gamma, beta = _weights(call, 2)
    return _layer_norm(call, call.types[0], gamma=gamma, beta=beta)


@handles("layers.RMSNormalization", "ops.RMSNorm")
def rms_normalization(call: Call) -> Sequence[Step]:
    """Over the root of the mean square."""
    operation, type = call.operation, call.types[0]
    layer = isinstance(operation, keras.Layer)
    (scale,) = (operation.scale,) if layer else _weights(call, 1)
    composer = Composer(call.types)
    square = composer.add("square", 0)
    power = reduced(composer, "mean", square, axes_of(operation.axis, type.rank))
    root = composer.add("sqrt", composer.affine(power, shift=_epsilon(operation)))
    composer.affine(composer.add("divide", 0, root), scale=scale)
    return composer.steps


def _epsilon(operation: Any) -> float:
    return float(keras.backend.epsilon() if operation.epsilon is None else operation.epsilon)


def _weights(call: Call, count: int) -> list[Any]:
    """The arguments of an operation behind its tensor, None where they are left out."""
    if call.pattern[:1] != (0,) or any(index is not None for index in call.pattern[1:]):
        refuse("its weights are tensors")
    given = list(call.arguments[1:])
    return given + [None] * (count - len(given))


@handles("layers.UnitNormalization", "ops.Normalize")
def unit_normalization(call: Call) -> Sequence[Step]:
    """Times one over the length of the vector, or a large number where that is zero."""
    operation, type = call.operation, call.type
    if getattr(operation, "order", 2) != 2:
        refuse(f"its order is {operation.order}, not 2")
    epsilon = getattr(operation, "epsilon", 1e-12)
    epsilon = keras.backend.epsilon() if epsilon is None else epsilon
    composer = Composer([type])
    square = composer.add("square", 0)
    total = reduced(composer, "sum", square, axes_of(operation.axis, type.rank))
    inverse = composer.add("reciprocal", composer.add("sqrt", total))
    inverse = composer.add("clip", inverse, attributes={"maximum": 1.0 / epsilon})
    composer.add("multiply", 0, inverse)
    return composer.steps


@handles("layers.GroupNormalization")
def group_normalization(call: Call) -> Sequence[Step]:
    """By the mean and variance of all positions of a group of channels."""
    layer, type = call.operation, call.type
    if axes_of(layer.axis, type.rank) != (type.rank - 1,) or type.rank > 3:
        refuse(f"its axis is {layer.axis}")
    # A group's mean for every channel of it: a product with blocks of 1 / size.
    size = type.channels // layer.groups
    blocks = np.kron(np.eye(layer.groups), np.full((size, size), 1.0 / size))
    kernel = blocks.astype(NUMPY_DTYPES[type.dtype])
    composer = Composer([type])

    def mean(value: int) -> int:
        if type.rank == 3:
            value = reduced(composer, "mean", value, [1])
        return composer.add("dense", value, constants={"kernel": kernel})

    centred = composer.add("subtract", 0, mean(0))
    power = composer.affine(mean(composer.add("square", centred)), shift=float(layer.epsilon))
    scaled = composer.add("divide", centred, composer.add("sqrt", power))
    composer.affine(scaled, scale=layer.gamma, shift=layer.beta)
    return composer.steps


@handles("layers.Normalization")
def normalization(call: Call) -> Sequence[Step]:
    """By a mean and variance found before training."""
    layer = call.operation
    mean = array(layer.mean).astype(np.float64)
    deviation = np.sqrt(array(layer.variance).astype(np.float64))
    deviation = np.maximum(deviation, keras.backend.epsilon())
    composer = Composer([call.type])
    if layer.invert:
        composer.affine(0, scale=deviation, shift=mean)
    else:
        composer.affine(0, scale=1 / deviation, shift=-mean / deviation)
    return composer.steps


@handles("layers.Rescaling")
def rescaling(call: Call) -> Sequence[Step]:
    composer = Composer([call.type])
    composer.affine(0, scale=call.operation.scale, shift=call.operation.offset)
    return composer.steps
