"""Layers over the rows of a sequence: embeddings of tokens, and masking."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

from fastism.frontends.keras.call import Call, Step, array, handles, refuse


@handles("layers.Embedding")
def embedding(call: Call) -> Sequence[Step]:
    """Rows of one-hot tokens times the table."""
    if call.type.rank != 3:
        refuse("its tokens are not those of the edited input")
    table = array(call.operation.embeddings)
    return [Step("dense", {}, {"kernel": table[: call.type.channels]})]


@handles("layers.Masking")
def masking(call: Call) -> Sequence[Step]:
    """Zeros at the positions whose channels all have the mask's value."""
    value = call.operation.mask_value
    if not isinstance(value, Real) or call.type.rank != 3:
        refuse(f"its mask_value is {value!r}, for a value of {call.type.rank} axes")
    return [Step("masked", {"value": float(value)})]
