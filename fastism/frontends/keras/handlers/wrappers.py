"""Layers that apply another layer to every position."""

from __future__ import annotations

from fastism.frontends.keras.calls.call import Call, Expression, Slot, handles, refuse
from fastism.frontends.keras.calls.trace import expressed
from fastism.ir.ops.pointwise import ACTIVATIONS
from fastism.ir.ops.structure import IDENTITIES

_ALONG_CHANNELS = frozenset(
    (
        *ACTIVATIONS,
        *IDENTITIES,
        *("dense", "scale_shift", "prelu", "batch_norm", "layer_norm", "softmax", "log_softmax"),
        *("channel_sum", "channel_max", "slice_channels"),
        *("add", "subtract", "multiply", "divide", "average", "maximum", "minimum", "select"),
    )
)
"""Ops that do to (N, L, C) at every position what they do to (N, C)."""


@handles("layers.TimeDistributed")
def time_distributed(call: Call) -> Expression:
    """The layer itself, where it works along the channels alone."""
    if call.type.rank != 3:
        refuse(f"its input has {call.type.rank} axes")
    batch, _, channels = call.type.shape
    inner = Call(call.operation.layer, (call.type.with_shape(batch, channels),), (Slot(0),), {})
    expression = expressed(inner)
    for step in expression.steps:
        if step.op not in _ALONG_CHANNELS:
            refuse(f"its layer is more than an operation along the channels: {step.op}")
    return expression
