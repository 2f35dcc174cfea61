"""A model whose call is code of its own, as the graph of layers and operations that it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras.src.utils.naming import to_snake_case

from fastism.frontends.keras.calls.call import Call, NotExpressible, Slot, calls
from fastism.frontends.keras.calls.dtypes import element_type
from fastism.frontends.keras.calls.trace import BATCH, compare, record_of, running
from fastism.frontends.keras.lowering.tokens import vocabulary
from fastism.ir.types import TensorType
from fastism.quiet import graph_function


def whole_call(model: keras.Model, structure: Any, types: Sequence[TensorType]) -> Call:
    """The call of a model on inputs of some types, in the structure that it takes."""
    slots = iter(range(len(types)))
    arguments = keras.tree.map_structure(lambda _: Slot(next(slots)), structure)
    return Call(model, tuple(types), (arguments,), {})


def recorded_graph(model: keras.Model, structure: Any, length: int | None) -> keras.Function | None:
    """The graph of what a model's call does to symbolic inputs, held against the model on numbers.

    structure: the model's symbolic inputs. length: of axes that are free. None where the code does
    not run on symbolic tensors, or does another thing on numbers.
    """
    types = [_type(tensor, length) for tensor in keras.tree.flatten(structure)]
    if any(type is None for type in types):
        return None
    call = whole_call(model, structure, [type for type in types if type is not None])
    try:
        record = record_of(call)
        live = graph_function(running(call, model), autograph=False)
        traced = graph_function(record, autograph=False)
        compare(traced, live, [_numbers(record, tensor) for tensor in record.inputs])
    except NotExpressible:
        return None
    between = [n.operation for n in calls(record) if not isinstance(n.operation, keras.Layer)]
    for operation in between:
        if any(map(callable, vars(operation).values())):
            return None  # a loop over a function, which no plan can store, as the model can be
        # Keras numbers them on, from one record to the next.
        operation.name = to_snake_case(type(operation).__name__)
    return record


def _type(tensor: Any, length: int | None) -> TensorType | None:
    dtype = element_type(tensor.dtype)
    shape = [length if extent is None else int(extent) for extent in tensor.shape[1:]]
    fixed = [extent for extent in shape if extent is not None]
    return TensorType(dtype, ("N", *fixed)) if dtype and len(fixed) == len(shape) else None


def _numbers(record: keras.Function, tensor: Any) -> Any:
    """Random numbers for an input: tokens where it counts them."""
    shape, random = (BATCH, *tensor.shape[1:]), np.random.default_rng(0)
    count = vocabulary(record, tensor)
    drawn = random.normal(size=shape) if count is None else random.integers(0, count, shape)
    return keras.ops.convert_to_tensor(drawn.astype(keras.backend.standardize_dtype(tensor.dtype)))
