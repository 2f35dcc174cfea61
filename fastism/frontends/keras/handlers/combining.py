"""Layers that combine several values."""

from __future__ import annotations

from collections.abc import Sequence

from fastism.frontends.keras.calls.call import Call, Slot, Step, handles, refuse
from fastism.frontends.keras.calls.composer import Composer

_ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


def operands(call: Call) -> None:
    """Raise NotExpressible unless the call takes one list of tensors and nothing else."""
    (given, *others) = call.arguments
    listed = isinstance(given, (list, tuple)) and all(isinstance(item, Slot) for item in given)
    if others or not listed:
        refuse("it is not called with one list of tensors")


@handles(*(f"layers.{name}" for name in _ELEMENTWISE))
def elementwise(call: Call) -> Sequence[Step]:
    """Values with fewer axes than the others are spread over the positions."""
    operands(call)
    composer, rank = Composer(call.types), max(each.rank for each in call.types)
    reads: list[int] = []
    for index, each in enumerate(call.types):
        shape = (*(1,) * (rank - each.rank), *(int(extent) for extent in each.shape[1:]))
        alike = each.rank == rank
        reads.append(
            index if alike else composer.add("reshape", index, attributes={"shape": shape})
        )
    composer.add(call.kind.lower(), *reads)
    return composer.steps


@handles("layers.Concatenate", "ops.Concatenate")
def concatenate(call: Call) -> Sequence[Step]:
    operands(call)
    rank, axis = call.types[0].rank, call.operation.axis
    if axis % rank == 0:
        refuse("it joins along the batch")
    return [Step("concatenate", {"axis": axis % rank})]
