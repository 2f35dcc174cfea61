"""Pools over windows, and over the whole length."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.call import Call, Step, handles, integer

_WINDOWED = {"MaxPooling1D": "max_pool", "AveragePooling1D": "average_pool"}
_GLOBAL = {
    "GlobalMaxPooling1D": "global_max_pool",
    "GlobalAveragePooling1D": "global_average_pool",
}


@handles(*(f"layers.{name}" for name in _WINDOWED))
def pool(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    layer = call.operation
    attributes = {
        "size": integer(layer.pool_size),
        "stride": integer(layer.strides),
        "pad": layer.padding,
    }
    return [Step(_WINDOWED[type(layer).__name__], attributes)]


@handles(*(f"layers.{name}" for name in _GLOBAL))
def global_pool(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    layer = call.operation
    return [Step(_GLOBAL[type(layer).__name__], {"keepdims": bool(layer.keepdims)})]
