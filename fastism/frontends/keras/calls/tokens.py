"""What reads token numbers, and what makes other numbers of each of them by itself."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras.src.ops.nn import OneHot

from fastism.frontends.keras.calls.call import Call, Slot, filled, of_keras

_EACH = frozenset(
    (
        *("Absolute", "Add", "Cast", "Clip", "FloorDivide"),
        *("Maximum", "Minimum", "Mod", "Multiply", "Subtract"),
    )
)
"""Operations that treat every number by itself."""


def is_embedding(operation: object) -> bool:
    """Whether an operation is Keras's own embedding layer, and no user's."""
    return type(operation) is keras.layers.Embedding


def counted(operation: Any) -> int | None:
    """How many tokens an operation tells apart that reads them; None for one that does not."""
    if is_embedding(operation):
        return int(operation.input_dim)
    if type(operation) is OneHot and operation.axis in (-1, 2) and not operation.sparse:
        return int(operation.num_classes)
    if type(operation) is keras.layers.CategoryEncoding and operation.output_mode == "one_hot":
        return None if operation.sparse else int(operation.num_tokens)
    return None


def is_code(operation: object) -> bool:
    """Whether an operation is code of the user's: a layer of theirs, or a Lambda."""
    return type(operation) is keras.layers.Lambda or not of_keras(operation)


def translated(call: Call, count: int) -> npt.NDArray[np.int64] | None:
    """What an operation makes of the tokens 0 to ``count`` - 1, (count,).

    None where it does more than treat each number by itself, or makes of one what is no token.
    """
    operation = call.operation
    leaves = keras.tree.flatten((call.arguments, dict(call.keywords)))
    others = [leaf for leaf in leaves if not isinstance(leaf, (Slot, str, type(None)))]
    each = of_keras(operation) and type(operation).__name__ in _EACH
    each = each or (
        type(operation) is keras.layers.IntegerLookup and operation.output_mode == "int"
    )
    if not each or len(call.types) != 1 or any(np.size(other) != 1 for other in others):
        return None
    dtype = call.types[0].dtype
    tokens = np.arange(count, dtype=np.float32 if dtype[0] in "fb" else np.int64)[None]
    positional, keywords = filled(
        call.arguments, call.keywords, [keras.ops.convert_to_tensor(tokens)]
    )
    made = np.asarray(keras.ops.convert_to_numpy(operation(*positional, **keywords)))
    whole = made.astype(np.int64)
    fits = made.shape == tokens.shape and np.array_equal(whole, made) and whole.min() >= 0
    return whole[0] if fits else None


def translation(made: npt.NDArray[np.int64], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The kernel from one-hot rows of tokens to those of what was made of them, (tokens, made)."""
    kernel = np.zeros((len(made), int(made.max()) + 1), dtype)
    kernel[np.arange(len(made)), made] = 1
    return kernel
