"""Calling the model on every mutant: the answer fastism must give, and the time it must beat."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.quiet import keras, tf
from fastism.runtime.items import Items

FloatArray = npt.NDArray[np.floating[Any]]
IndexArray = npt.NDArray[np.integer[Any]]
Call = Callable[[FloatArray], list[FloatArray]]
"""From mutants (M, L, C) to one array (M, *out) an output of the model."""


def mutations(x: FloatArray) -> Items:
    """Every change of one position of one-hot sequences (N, L, C) to another letter."""
    return Items(*np.nonzero(np.asarray(x) == 0))


def sample(items: Items, count: int) -> Items:
    """``count`` items spread evenly over all of them (all, if there are no more)."""
    return items.take(np.linspace(0, len(items) - 1, min(count, len(items))).astype(np.int64))


def mutants(x: FloatArray, items: Items) -> FloatArray:
    """The sequences (M, L, C) with each item's change written in."""
    result: FloatArray = x[items.sequence]
    row = np.arange(len(items))
    result[row, items.site] = 0
    result[row, items.site, items.alternative] = 1
    return result


def by_predict(model: keras.Model, batch: int) -> Call:
    """``model.predict`` in batches."""

    def call(x: FloatArray) -> list[FloatArray]:
        outputs = model.predict(x, batch_size=batch, verbose=0)
        return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]

    return call


def by_function(model: keras.Model, batch: int) -> Call:
    """The model as one ``tf.function`` over batches of a fixed size."""
    width = model.inputs[0].shape[1:]
    function = tf.function(
        lambda x: model(x, training=False),
        input_signature=[tf.TensorSpec((None, *width), model.inputs[0].dtype)],
    )

    def call(x: FloatArray) -> list[FloatArray]:
        parts = [
            [part.numpy() for part in tf.nest.flatten(function(x[start : start + batch]))]
            for start in range(0, len(x), batch)
        ]
        return [np.concatenate(output) for output in zip(*parts, strict=True)]

    return call


WAYS: dict[str, Callable[[keras.Model, int], Call]] = {
    "predict": by_predict,
    "tf.function": by_function,
}
"""The ways to call a model that people use, by the name shown in tables."""


def median_seconds(run: Callable[[], object], repeats: int) -> float:
    """The median wall time of ``repeats`` runs, after one that is not counted."""
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


@dataclass(frozen=True)
class Timing:
    """The fastest batch size of one way: seconds for ``mutants`` calls of the model."""

    way: str
    batch: int
    seconds: float
    mutants: int


def fastest(
    model: keras.Model, way: str, x: FloatArray, batches: Sequence[int], repeats: int
) -> Timing:
    """Time one way on mutants (M, L, C): each batch size once, then the best of them repeatedly."""
    calls = {batch: WAYS[way](model, batch) for batch in batches}
    trial = {batch: median_seconds(partial(call, x), 1) for batch, call in calls.items()}
    best = min(trial, key=lambda batch: trial[batch])
    return Timing(way, best, median_seconds(partial(calls[best], x), repeats), len(x))
