"""Calling the model on every mutant: the time fastism must beat."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastism.frontends.base import Call

FloatArray = npt.NDArray[np.floating[Any]]
Key = TypeVar("Key")


def best_batch(make: Callable[[int], Call], x: FloatArray, batches: Sequence[int]) -> int:
    """The batch size at which one way of calling is fastest on mutants, each timed once, warm.

    make: the way, given a batch size. x: mutants (M, ...) of the model's only input.
    """
    runs = {batch: partial(make(batch), [x]) for batch in batches}
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
