"""Results that are the same for every input, such as the flag of an augmentation at prediction."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fastism.errors import LoweringError, MixingError
from fastism.frontends.keras.calls.call import Call, filled
from fastism.frontends.keras.live.apart import noise
from fastism.frontends.keras.said import first_line
from fastism.quiet import graph_function

BATCHES = (3, 3, 1)
"""Sequences a layer is tried on."""


def known_results(call: Call, where: str) -> list[npt.NDArray[Any] | None]:
    """The values of the results that a call keeps; None for one that has a batch axis after all.

    Keras may infer another extent of it, where it was joined with a value for all sequences. Raises
    LoweringError where a result is not the same for other sequences, and for another number of
    them, or where the call cannot be run.
    """
    options = {}
    if "training" in inspect.signature(call.operation.call).parameters:
        options = {"training": False}

    def run(*tensors: Any) -> list[Any]:
        positional, keywords = filled(call.arguments, call.keywords, tensors)
        with keras.StatelessScope():
            return call.results(call.operation(*positional, **{**options, **keywords}))

    program, random = graph_function(run, autograph=False), np.random.default_rng(0)
    tried: list[list[npt.NDArray[Any]]] = []
    for batch in BATCHES:
        given = noise(call.own or call.types, random, batch)
        try:
            results = program(*map(tf.convert_to_tensor, given))
        except Exception as error:  # whatever the user's layer raises
            raise LoweringError(
                "a layer cannot be run",
                where=where,
                why=f"a result of it has no batch axis, and it fails: {first_line(str(error))}",
                attempt="check that the model predicts on this machine, and batches of any size",
            ) from error
        tried.append([np.asarray(result) for result in results])
    found: list[npt.NDArray[Any] | None] = []
    for values in zip(*tried, strict=True):
        if all(_same(values[0], value) for value in values[1:]):
            found.append(values[0])
        elif [value.shape[:1] for value in values] == [(batch,) for batch in BATCHES]:
            found.append(None)
        else:
            raise MixingError(
                "a layer mixes the sequences of a batch",
                where=where,
                why=f"a result of it, {values[0].shape}, has no batch axis, and depends on the "
                "sequences",
                attempt="keep the batch as the first axis of every value that depends on them",
            )
    return found


def _same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
