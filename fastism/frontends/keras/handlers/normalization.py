"""Batch normalization, and layer normalization over channels."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.call import Call, Step, arrays, handles, refuse


@handles("layers.BatchNormalization")
def batch_normalization(call: Call) -> Sequence[Step]:
    layer = call.operation
    if layer.axis not in (-1, call.channel_axis):
        refuse(f"its axis is {layer.axis}, not the last one")
    constants = arrays(
        gamma=layer.gamma, beta=layer.beta, mean=layer.moving_mean, variance=layer.moving_variance
    )
    return [Step("batch_norm", {"epsilon": float(layer.epsilon)}, constants)]


@handles("layers.LayerNormalization")
def layer_normalization(call: Call) -> Sequence[Step]:
    call.require(rms_scaling=False)
    layer = call.operation
    axes = list(layer.axis) if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    if axes not in ([-1], [call.channel_axis]):
        refuse(f"it normalizes over axes {axes}, not the last one alone")
    constants = arrays(gamma=layer.gamma, beta=layer.beta)
    return [Step("layer_norm", {"epsilon": float(layer.epsilon)}, constants)]
