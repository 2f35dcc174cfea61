"""Layers over the rows of a sequence: embeddings of tokens, and masking."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np

from fastism.frontends.keras.calls.call import Call, Step, array, handles, refuse
from fastism.frontends.keras.calls.tokens import counted
from fastism.ir.types import NUMPY_DTYPES


@handles("layers.Embedding")
def embedding(call: Call) -> Sequence[Step]:
    """Rows of one-hot tokens times the table."""
    if call.type.rank != 3:
        refuse("its tokens are not those of the edited input")
    table = array(call.operation.embeddings)
    return [Step("dense", {}, {"kernel": table[: call.type.channels]})]


@handles("ops.OneHot", "layers.CategoryEncoding")
def one_hot(call: Call) -> Sequence[Step]:
    """The rows themselves, with channels of zeros for tokens that the input never holds."""
    if call.type.rank != 3:
        refuse("its tokens are not those of the edited input")
    dtype, classes = NUMPY_DTYPES[call.type.dtype], counted(call.operation)
    if classes is None:
        refuse("what it makes of tokens is not one row each")
    if classes == call.type.channels:
        return [Step("identity")]
    return [Step("dense", {}, {"kernel": np.eye(call.type.channels, classes, dtype=dtype)})]


@handles("layers.Masking")
def masking(call: Call) -> Sequence[Step]:
    """Zeros at the positions whose channels all have the mask's value."""
    value = call.operation.mask_value
    if not isinstance(value, Real) or call.type.rank != 3:
        refuse(f"its mask_value is {value!r}, for a value of {call.type.rank} axes")
    return [Step("masked", {"value": float(value)})]
