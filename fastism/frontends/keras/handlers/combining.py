"""Layers that combine several values."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.call import Call, Slot, Step, handles, refuse

_ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


def operands(call: Call) -> None:
    """Raise NotExpressible unless the call takes one list of tensors and nothing else."""
    (given, *others) = call.arguments
    listed = isinstance(given, (list, tuple)) and all(isinstance(item, Slot) for item in given)
    if others or not listed:
        refuse("it is not called with one list of tensors")


@handles(*(f"layers.{name}" for name in _ELEMENTWISE))
def elementwise(call: Call) -> Sequence[Step]:
    operands(call)
    return [Step(type(call.operation).__name__.lower())]


@handles("layers.Concatenate", "ops.Concatenate")
def concatenate(call: Call) -> Sequence[Step]:
    operands(call)
    rank, axis = call.types[0].rank, call.operation.axis
    return [Step("concatenate", {"axis": axis + rank if axis < 0 else axis})]
