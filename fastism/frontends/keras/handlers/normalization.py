"""Batch normalization, and layer normalization over channels."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.call import Call, Step, arrays, handles


@handles("layers.BatchNormalization")
def batch_normalization(call: Call) -> Sequence[Step]:
    call.require_last_axis()
    layer = call.operation
    constants = arrays(
        gamma=layer.gamma, beta=layer.beta, mean=layer.moving_mean, variance=layer.moving_variance
    )
    return [Step("batch_norm", {"epsilon": float(layer.epsilon)}, constants)]


@handles("layers.LayerNormalization")
def layer_normalization(call: Call) -> Sequence[Step]:
    call.require_last_axis()
    call.require(rms_scaling=False)
    layer = call.operation
    constants = arrays(gamma=layer.gamma, beta=layer.beta)
    return [Step("layer_norm", {"epsilon": float(layer.epsilon)}, constants)]
