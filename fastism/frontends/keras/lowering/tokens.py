"""Models over token numbers: the edited input as one-hot rows, and embeddings of it as products.

An embedding of one-hot rows is a dense layer without a bias, so an edit of a token is the edit of a
row like any other, and its delta a difference of two rows of the table. To `keras.ops.one_hot` the
rows are the result.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras.src.ops.nn import OneHot

from fastism.frontends.keras.calls.call import Call, Step
from fastism.frontends.keras.lowering.functional import functional_graph
from fastism.ir.types import NUMPY_DTYPES


def is_embedding(operation: object) -> bool:
    """Whether an operation is Keras's own embedding layer, and no user's."""
    return type(operation) is keras.layers.Embedding


def counted(operation: Any) -> int | None:
    """How many tokens an operation tells apart that reads them; None for one that does not."""
    if is_embedding(operation):
        return int(operation.input_dim)
    if type(operation) is OneHot and operation.axis in (-1, 2) and not operation.sparse:
        return int(operation.num_classes)
    return None


def vocabulary(model: object, tensor: Any) -> int | None:
    """How many tokens an input of a model counts: the fewest that what reads it tells apart.

    None where nothing reads it as tokens.
    """
    graph = functional_graph(model)
    if graph is None:
        return None
    sizes: list[int | None] = []
    for node in (node for nodes in graph._nodes_by_depth.values() for node in nodes):
        given = node.arguments.keras_tensors
        if given and given[0] is tensor:
            sizes.append(counted(node.operation))
        inner = functional_graph(node.operation)
        if inner is not None:
            pairs = zip(given, inner.inputs, strict=False)
            sizes.extend(vocabulary(inner, own) for outer, own in pairs if outer is tensor)
    return min((size for size in sizes if size is not None), default=None)


def mask_step(call: Call) -> Step | None:
    """The step from the rows a layer reads to the mask it makes, for one that makes one."""
    if type(call.operation) is keras.layers.Masking:
        return Step("mask", {"value": float(call.operation.mask_value)})
    if is_embedding(call.operation) and call.operation.mask_zero:
        counts = np.ones((call.type.channels, 1), NUMPY_DTYPES[call.type.dtype])
        counts[0] = 0.0
        return Step("dense", {}, {"kernel": counts})
    return None
