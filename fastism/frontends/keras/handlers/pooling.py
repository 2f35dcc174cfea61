"""Pools over windows, and over the whole length."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.calls.call import Call, Expression, Step, handles, integer, refuse
from fastism.frontends.keras.handlers.planes.pooling import pool as planar_pool

_GLOBAL = {
    "GlobalMaxPooling1D": "global_max_pool",
    "GlobalAveragePooling1D": "global_average_pool",
}


@handles("layers.MaxPooling1D", "layers.AveragePooling1D", "ops.MaxPool", "ops.AveragePool")
def pool(call: Call) -> Expression | Sequence[Step]:
    op = "max_pool" if call.kind.startswith("Max") else "average_pool"
    pool = call.operation
    if pool.data_format not in (None, "channels_last"):
        refuse(f"its data_format is {pool.data_format!r}")
    if call.type.rank == 4:
        return planar_pool(call)
    if call.type.rank != 3:
        refuse(f"its input is {call.type}")
    size = integer(pool.pool_size)
    stride = size if pool.strides is None else integer(pool.strides)
    return [Step(op, {"size": size, "stride": stride, "pad": pool.padding})]


@handles(*(f"layers.{name}" for name in _GLOBAL))
def global_pool(call: Call) -> Sequence[Step]:
    call.require(data_format="channels_last")
    layer = call.operation
    return [Step(_GLOBAL[call.kind], {"keepdims": bool(layer.keepdims)})]
