"""The types of a live layer's results: what Keras infers, or else what a run on zeros shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras.src.backend import compute_output_spec

from fastism.errors import LoweringError, MixingError
from fastism.frontends.keras.calls.call import Call, filled
from fastism.frontends.keras.calls.dtypes import element_type
from fastism.frontends.keras.live.masks import masks_of
from fastism.frontends.keras.said import first_line
from fastism.ir.types import NUMPY_DTYPES, TensorType
from fastism.quiet import graph_function

_PROBE = 7
"""A batch size no model fixes, to see which axis of a result is the batch."""


def result_types(call: Call, where: str, why: str) -> tuple[TensorType, ...]:
    """The types of a call's results, with a free batch axis.

    where, why: the layer, and what keeps it live, as an error names them. Raises LoweringError for
    a layer that does not keep sequences apart along the batch axis, or whose result has a shape or
    element type that is not fixed or cannot be inferred.
    """
    try:
        spec = _inferred(call)
    except Exception:  # whatever the user's layer raises
        spec = None
    if spec is None or any(None in result.shape[1:] for result in spec):
        spec = _tried(call, where, why)
    return tuple(_type_of(result, where) for result in spec)


def mask_types(
    run: Callable[[Sequence[Any]], list[Any]], types: Sequence[TensorType], where: str
) -> Mapping[int, TensorType]:
    """Which results of a run have masks, by index, with the types of these; found by tracing.

    run: from tensors of ``types`` to results. Raises LoweringError where it cannot be traced.
    """
    found: dict[int, TensorType] = {}

    def trace(*tensors: Any) -> Any:
        for index, mask in enumerate(masks_of(run(tensors))):
            if mask is not None:
                found[index] = _type_of(mask, where)
        return tensors[0]

    try:
        compute_output_spec(trace, *map(_symbolic, types))
    except Exception as error:  # whatever the user's layer raises
        raise LoweringError(
            "fastism cannot tell whether a layer gives its results masks",
            where=where,
            why=f"tracing it failed; Keras says: {first_line(str(error))}",
            attempt="a layer that runs in a tf.function can be traced",
        ) from error
    return found


def _inferred(call: Call) -> list[Any]:
    """What Keras infers of the results."""
    tensors = [_symbolic(type) for type in call.types]
    positional, keywords = filled(call.arguments, call.keywords, tensors)
    return call.results(call.operation.compute_output_spec(*positional, **keywords))


def _tried(call: Call, where: str, why: str) -> list[Any]:
    """The results for zeros, where Keras cannot infer what they are like."""
    tensors = [
        keras.ops.zeros((_PROBE, *type.shape[1:]), NUMPY_DTYPES[type.dtype]) for type in call.types
    ]

    def run(*tensors: Any) -> list[Any]:
        positional, keywords = filled(call.arguments, call.keywords, tensors)
        return call.results(call.operation(*positional, **keywords))

    try:
        with keras.StatelessScope():  # what it counts, and the seeds it has, stay as they are
            return list(graph_function(run, autograph=False)(*tensors))
    except Exception as error:  # whatever the user's layer raises
        raise LoweringError(
            "a layer cannot be run",
            where=where,
            why=f"{why}; Keras says: {first_line(str(error))}",
            attempt="check that the model itself predicts; give a longer length, if it is free",
        ) from error


def _type_of(result: Any, where: str) -> TensorType:
    dtype = element_type(result.dtype)
    if not result.shape or result.shape[0] not in (_PROBE, None):
        raise MixingError(
            "a layer mixes the sequences of a batch",
            where=where,
            why=f"for a batch of {_PROBE} sequences its result has the shape {result.shape}",
            attempt="keep the batch as the first axis of every value",
        )
    if dtype is None or None in result.shape[1:]:
        raise LoweringError(
            "a layer has a result of no fixed type",
            where=where,
            why=f"Keras infers {result.dtype} {('N', *result.shape[1:])}",
            attempt="give the layer a compute_output_shape without None after the batch axis",
        )
    return TensorType(dtype, ("N", *result.shape[1:]))


def _symbolic(type: TensorType) -> Any:
    return keras.KerasTensor((_PROBE, *type.shape[1:]), dtype=NUMPY_DTYPES[type.dtype])
