"""Calling the model on every mutant: the answer fastism must give, and the time it must beat."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastism.quiet import keras, tf

FloatArray = npt.NDArray[np.floating[Any]]
Key = TypeVar("Key")
Call = Callable[[FloatArray], list[FloatArray]]
"""From mutants (M, L, C) to one array (M, *out) an output of the model."""


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


def best_batch(model: keras.Model, way: str, x: FloatArray, batches: Sequence[int]) -> int:
    """The batch size at which one way is fastest on mutants (M, L, C), each timed once, warm."""
    runs = {batch: partial(WAYS[way](model, batch), x) for batch in batches}
    seconds = median_seconds(runs, 1)
    return min(batches, key=lambda batch: seconds[batch])


def median_seconds(runs: Mapping[Key, Callable[[], object]], repeats: int) -> dict[Key, float]:
    """The median wall time of each run, after one that is not counted.

    The runs take turns, so that a machine busy for a while slows all of them alike.
    """
    seconds: dict[Key, list[float]] = {key: [] for key in runs}
    for turn in range(repeats + 1):
        for key, run in runs.items():
            start = time.perf_counter()
            run()
            if turn:
                seconds[key].append(time.perf_counter() - start)
    return {key: statistics.median(values) for key, values in seconds.items()}
