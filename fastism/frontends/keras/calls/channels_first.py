"""Layers over data with its channels in front: the same layers over data with them behind.

The data is turned before such a layer and turned back after it. Between two of them the turns undo
each other, which canonicalization sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras

from fastism.frontends.keras.calls.call import Call, Expression, Step
from fastism.frontends.keras.calls.composer import Composer
from fastism.ir.types import TensorType


def has_channels_first(call: Call) -> bool:
    """Whether a call is of one of Keras's layers over one value with its channels in front."""
    layer = call.operation
    if len(call.types) != 1 or not type(layer).__module__.startswith("keras."):
        return False
    if isinstance(layer, keras.layers.BatchNormalization):
        return call.type.rank == 4 and layer.axis == 1
    flattens = isinstance(layer, keras.layers.Flatten)
    first = getattr(layer, "data_format", None) == "channels_first"
    return first and not flattens and call.type.rank in (3, 4)


def with_channels_last(call: Call, express: Callable[[Call], Expression]) -> Expression:
    """What computes such a call. Raises NotExpressible where ``express`` does."""
    layer, rank = call.operation, call.type.rank
    behind = object.__new__(type(layer))
    own = "axis" if isinstance(layer, keras.layers.BatchNormalization) else "data_format"
    said: Any = rank - 1 if own == "axis" else "channels_last"
    behind.__dict__.update(layer.__dict__, **{own: said})
    composer = Composer(call.types)
    given = composer.chain(moved(call.type, (*range(2, rank), 1)), 0)
    inner = express(replace(call, operation=behind, types=(composer.types[given],)))
    (made,) = composer.inline(inner, [given])
    result = composer.types[made]
    if result.rank == rank:
        made = composer.chain(moved(result, (rank - 1, *range(1, rank - 1))), made)
    return composer.expression(made)


def moved(type: TensorType, order: tuple[int, ...]) -> list[Step]:
    """The axes in another order; of two longer than one position, by one turn of these.

    order: the axes behind the batch, as they are to be. A reshape where only axes of one position
    change places.
    """
    shape = tuple(int(type.shape[axis]) for axis in order)
    longer = [axis for axis in range(1, type.rank) if type.shape[axis] != 1]
    if len(longer) == 1 or [axis for axis in order if axis in longer] == longer:
        return [Step("reshape", {"shape": shape})]
    if type.rank == 3 or len(longer) > 2:
        return [Step("permute", {"order": order})]
    flat = tuple(int(type.shape[axis]) for axis in longer)
    return [
        Step("reshape", {"shape": flat}),
        Step("permute", {"order": (2, 1)}),
        Step("reshape", {"shape": shape}),
    ]
