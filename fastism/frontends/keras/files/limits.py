"""How much a model file may ask for: what it stores bounds what is made for it.

A configuration of two kilobytes can ask for a layer of gigabytes. The weights of an honest file are
in it, so more than it stores is refused before it is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from fastism.errors import ModelError

CONFIGURATION = 2**26
"""Bytes of a configuration: 64 MB. Those of the largest models are of 1 MB."""

UNSTORED = 2**24
"""Numbers of weights that a model may have without the file holding them: 64 MB of float32."""

RESULT = 2**31
"""Numbers in the result of one layer for one sequence: 8 GB of float32."""


@contextmanager
def as_large_as(stored: int, what: str) -> Iterator[None]:
    """A context in which layers may make twice as many weights as are stored, and `UNSTORED` more.

    stored: numbers. Raises ModelError, beginning with ``what``, before the first weight beyond.
    """
    left = 2 * stored + UNSTORED
    original = keras.layers.Layer.add_weight

    def add_weight(layer: Any, shape: Any = None, *rest: Any, **options: Any) -> Any:
        nonlocal left
        left -= math.prod(shape or ())
        if left < 0:
            raise ModelError(
                what,
                where=f"layer {layer.name!r} ({type(layer).__name__})",
                why=f"it asks for weights of the shape {tuple(shape)}, and the file stores "
                f"{stored:,} numbers in all",
                attempt="save the model again, with its weights",
            )
        return original(layer, shape, *rest, **options)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = original


def check_results(model: keras.Model, what: str) -> None:
    """Raise ModelError, beginning with ``what``, for a layer whose result no memory holds."""
    for layer in model._flatten_layers(include_self=False):
        output = getattr(layer, "output", None)
        for tensor in keras.tree.flatten(output):
            shape = getattr(tensor, "shape", ())
            if math.prod(extent or 1 for extent in shape[1:]) > RESULT:
                raise ModelError(
                    what,
                    where=f"layer {layer.name!r} ({type(layer).__name__})",
                    why=f"its result is {tuple(shape[1:])} for one sequence, which no memory holds",
                )
