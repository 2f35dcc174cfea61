"""Layers that apply another layer to every position."""

from __future__ import annotations

from fastism.frontends.keras.calls.call import Call, Expression, Slot, handles, refuse
from fastism.frontends.keras.calls.trace import expressed
from fastism.ir.ops import definition


@handles("layers.TimeDistributed")
def time_distributed(call: Call) -> Expression:
    """The layer itself, where it works along the channels alone."""
    if call.type.rank != 3:
        refuse(f"its input has {call.type.rank} axes")
    batch, _, channels = call.type.shape
    inner = Call(call.operation.layer, (call.type.with_shape(batch, channels),), (Slot(0),), {})
    expression = expressed(inner)
    for step in expression.steps:
        if not definition(step.op).by_position:
            refuse(f"its layer is more than an operation along the channels: {step.op}")
    return expression
