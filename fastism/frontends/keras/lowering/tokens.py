"""Models over token numbers: the edited input as one-hot rows, and embeddings of it as products.

An embedding of one-hot rows is a dense layer without a bias, so an edit of a token is the edit of a
row like any other, and its delta a difference of two rows of the table. To `keras.ops.one_hot` the
rows are the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.calls.call import (
    Call,
    NotExpressible,
    Step,
    call_of,
    calls,
)
from fastism.frontends.keras.calls.token_code import renumbered
from fastism.frontends.keras.calls.tokens import counted, is_code, is_embedding
from fastism.frontends.keras.calls.trace import record_of
from fastism.frontends.keras.lowering.functional import functional_graph
from fastism.ir.types import NUMPY_DTYPES, SHORT_DTYPES, TensorType

_MOST = 2**16
"""Tokens that are followed through operations to what counts them."""

Numbers = npt.NDArray[np.int64]


def vocabulary(graph: keras.Function, tensor: Any) -> int | None:
    """How many tokens an input of a graph counts: the fewest that what reads it tells apart.

    None where nothing reads it as tokens.
    """
    return min(_counts(graph, tensor, None), default=None)


def _counts(graph: Any, tensor: Any, made: Numbers | None) -> Iterator[int]:
    """How many tokens each reader of a tensor tells apart.

    made: what the tensor holds for each token, where that is not the token's own number.
    """
    for node in calls(graph):
        given, operation = node.arguments.keras_tensors, node.operation
        if not any(each is tensor for each in given):
            continue
        count, inner = counted(operation), functional_graph(operation)
        if count is not None and given[0] is tensor:
            yield count if made is None else _first_beyond(made, count)
        elif inner is not None:
            pairs = zip(given, inner.inputs, strict=False)
            for outer, own in pairs:
                if outer is tensor:
                    yield from _counts(inner, own, made)
        elif len(given) == 1:
            yield from _behind(graph, node, made)


def _behind(graph: Any, node: Any, made: Numbers | None) -> Iterator[int]:
    """Likewise, of what comes behind an operation, or stands in the code of a layer."""
    (tensor,) = node.arguments.keras_tensors
    dtype = SHORT_DTYPES.get(keras.backend.standardize_dtype(tensor.dtype))
    if dtype is None or None in tensor.shape[1:]:
        return
    call = call_of(node, [TensorType(dtype, ("N", *tensor.shape[1:]))])
    then = renumbered(call, _MOST)
    if then is not None:
        at = np.arange(_MOST) if made is None else made
        yield from _counts(graph, node.outputs[0], then[at[at < _MOST]])
    elif is_code(node.operation):
        try:
            record = record_of(call)
        except NotExpressible:
            return
        yield from _counts(record, record.inputs[0], made)


def _first_beyond(made: Numbers, count: int) -> int:
    """The first token that is made a number which is not counted.

    Where there is none (a clip, a remainder), the first from which on all are made like earlier
    ones.
    """
    beyond = np.flatnonzero(made >= count)
    _, firsts = np.unique(made, return_index=True)
    return int(beyond[0]) if len(beyond) else int(firsts.max()) + 1


def mask_step(call: Call) -> Step | None:
    """The step from the rows a layer reads to the mask it makes, for one that makes one."""
    if type(call.operation) is keras.layers.Masking:
        return Step("mask", {"value": float(call.operation.mask_value)})
    if is_embedding(call.operation) and call.operation.mask_zero:
        counts = np.ones((call.type.channels, 1), NUMPY_DTYPES[call.type.dtype])
        counts[0] = 0.0
        return Step("dense", {}, {"kernel": counts})
    return None
