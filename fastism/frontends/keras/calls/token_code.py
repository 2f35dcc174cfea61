"""What code of the user's makes of token numbers, from the record of what it does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.calls.call import (
    Call,
    Expression,
    NotExpressible,
    array,
    call_of,
    calls,
    refuse,
)
from fastism.frontends.keras.calls.composer import Composer
from fastism.frontends.keras.calls.dtypes import own_type
from fastism.frontends.keras.calls.tokens import counted, is_code, translated, translation
from fastism.frontends.keras.calls.trace import BATCH, compare, inlined, record_of, running
from fastism.ir.types import NUMPY_DTYPES, TensorType


def renumbered(call: Call, count: int) -> npt.NDArray[np.int64] | None:
    """What a call makes of the tokens 0 to ``count`` - 1, as `translated`; of a user's code too."""
    if not is_code(call.operation) or len(call.types) != 1:
        return translated(call, count)
    try:
        record = record_of(call)
    except NotExpressible:
        return None
    values = {id(record.inputs[0]): np.arange(count)}
    for node in calls(record):
        tensors = node.arguments.keras_tensors
        if len(tensors) != 1 or len(node.outputs) != 1 or id(tensors[0]) not in values:
            return None
        made = values[id(tensors[0])]
        then = translated(call_of(node, [own_type(tensors[0], call.type)]), int(made.max()) + 1)
        if then is None:
            return None
        values[id(node.outputs[0])] = then[made]
    if len(record.outputs) != 1 or id(record.outputs[0]) not in values:
        return None
    made = values[id(record.outputs[0])]
    tokens = _random_tokens(call.type, count)
    found = array(running(call, call.operation)(keras.ops.convert_to_tensor(tokens))[0])
    return made if np.array_equal(found, made[tokens.astype(np.int64)]) else None


def of_tokens(call: Call, rows: TensorType) -> Expression:
    """What computes a layer of the user's that is called with tokens, from their one-hot rows.

    Raises NotExpressible where something in it reads the numbers of more than one token.
    """
    record = record_of(call)
    composer = Composer([rows])
    values, tokens = dict[int, int](), {id(record.inputs[0]): (0, call.types[0])}
    for node in calls(record):
        tensors, (first, *others) = node.arguments.keras_tensors, node.outputs
        read = [tokens[id(tensor)] for tensor in tensors if id(tensor) in tokens]
        if not read:
            reads = [values[id(tensor)] for tensor in tensors]
        elif len(tensors) == 1 and counted(node.operation) is not None:
            reads = [read[0][0]]
        else:
            (index, type), many = read[0], len(tensors) > 1 or bool(others)
            held = composer.types[index].channels
            made = None if many else translated(call_of(node, [type]), held)
            if made is None:
                refuse(f"it uses {node.operation.__class__.__name__} on token numbers")
            kernel = translation(made, NUMPY_DTYPES[rows.dtype])
            index = composer.add("dense", index, constants={"kernel": kernel})
            tokens[id(first)] = index, own_type(first, type)
            continue
        own = [composer.types[index] for index in reads]
        made_of = inlined(composer, call_of(node, own), reads, node.outputs)
        values.update(zip(map(id, node.outputs), made_of, strict=True))
    if any(id(tensor) not in values for tensor in record.outputs):
        refuse("it returns token numbers")
    given = keras.ops.convert_to_tensor(_random_tokens(call.type, rows.channels))
    compare(record, running(call, call.operation), [given])
    return composer.expression(*(values[id(tensor)] for tensor in record.outputs))


def _random_tokens(type: TensorType, count: int) -> npt.NDArray[Any]:
    """Token numbers below ``count``, (batch, L), in the element type of ``type``."""
    shape = (BATCH, *map(int, type.shape[1:]))
    drawn = np.random.default_rng(0).integers(0, count, shape)
    return drawn.astype(NUMPY_DTYPES[type.dtype])
