"""Hold a live layer to what the compiler takes for granted: each sequence of a batch by itself.

fastism folds mutants into batches of its own. A layer whose result for one sequence depends on the
others of the batch, as one that flips or averages over axis 0, would give other numbers there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import ml_dtypes
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.errors import LoweringError
from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.frontends.keras.said import first_line
from fastism.ir.types import NUMPY_DTYPES, TensorType

Array = npt.NDArray[Any]

BATCH = 3
"""Sequences the layer is tried on."""
TOLERANCE = 1e-4
"""Share of the results' scale by which two runs may differ; of half precision, more."""
STEPS = 64
"""Steps of the coarsest element type, likewise."""


def noise(types: Sequence[TensorType], random: np.random.Generator, batch: int = 1) -> list[Array]:
    """Random values of some types: numbers from around zero, or zeros and ones."""
    found = []
    for type in types:
        shape, dtype = (batch, *map(int, type.shape[1:])), NUMPY_DTYPES[type.dtype]
        numbers = type.dtype in ("f16", "bf16", "f32", "f64")
        drawn = random.normal(size=shape) if numbers else random.integers(0, 2, size=shape)
        found.append(drawn.astype(dtype))
    return found


def coarsest_step(layer: OpaqueLayer) -> float:
    """The relative step of the coarsest element type a layer computes in."""
    names = {NUMPY_DTYPES[type.dtype] for type in layer.result_types()}
    names.add(getattr(layer.operation, "compute_dtype", None) or "float32")
    return max((float(ml_dtypes.finfo(n).eps) for n in names if "float" in n), default=0.0)


def check_apart(layer: OpaqueLayer) -> None:
    """Run a layer on a batch, and on each of its sequences by itself.

    Raises LoweringError where the results differ, unless they do from one call to the next; where
    they are not of the types that Keras infers; and where the layer cannot be run or traced.
    """
    with keras.StatelessScope():  # what it counts, and the seeds it has, stay as they are
        _check(
            layer, noise((*layer.types, *layer.masked.values()), np.random.default_rng(0), BATCH)
        )


def _check(layer: OpaqueLayer, given: list[Array]) -> None:
    try:
        together = _run(layer, given)
    except Exception:  # it may not take any numbers there are
        given = [np.zeros_like(array) for array in given]
        together = _tried(layer, given)
    for result, type in zip(together, layer.result_types(), strict=True):
        if result.shape != (BATCH, *type.shape[1:]):
            raise LoweringError(
                "a layer gives a result of another shape than it says",
                where=layer.where,
                why=f"Keras infers {type}, and for {BATCH} sequences it gives {result.shape}",
                attempt="mend the layer's compute_output_shape",
            )

    def traced(*tensors: Any) -> Any:
        with keras.StatelessScope():
            return layer(*tensors)

    try:
        tf.function(traced, autograph=False)(*map(tf.convert_to_tensor, given))
    except Exception as error:  # whatever the user's layer raises
        raise LoweringError(
            "a layer runs on numbers only, not in a TensorFlow program",
            where=layer.where,
            why=first_line(str(error)),
            attempt="write it with keras.ops, without numpy",
        ) from error
    singles = [_tried(layer, [array[i : i + 1] for array in given]) for i in range(BATCH)]
    apart = [np.concatenate(rows) for rows in zip(*singles, strict=True)]
    if not _alike(layer, together, apart) and _alike(layer, together, _run(layer, given)):
        raise LoweringError(
            "a layer mixes the sequences of a batch",
            where=layer.where,
            why="its result for a sequence depends on the other sequences it is called with",
            attempt="let it treat every entry of axis 0 by itself",
        )


def _run(layer: OpaqueLayer, given: Sequence[Array]) -> list[Array]:
    results = layer(*(keras.ops.convert_to_tensor(array) for array in given))
    return [np.asarray(keras.ops.convert_to_numpy(result)) for result in results]


def _tried(layer: OpaqueLayer, given: Sequence[Array]) -> list[Array]:
    try:
        return _run(layer, given)
    except LoweringError:
        raise
    except Exception as error:  # whatever the user's layer raises
        raise LoweringError(
            "a layer cannot be run",
            where=layer.where,
            why=f"{layer.why}; on a batch of {len(given[0])} it fails: {first_line(str(error))}",
            attempt="check that the model predicts on this machine, and batches of any size",
        ) from error


def _alike(layer: OpaqueLayer, one: Sequence[Array], other: Sequence[Array]) -> bool:
    share = max(TOLERANCE, STEPS * coarsest_step(layer))
    for a, b in zip(one, other, strict=True):
        a, b = a.astype(np.float64), b.astype(np.float64)
        scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
        if not np.allclose(a, b, rtol=0, atol=scale * share, equal_nan=True):
            return False
    return True
