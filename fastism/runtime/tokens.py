"""Models over token numbers: numbers in, one-hot rows inside, numbers back for the model itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.runtime.arguments import array_of

Array = npt.NDArray[Any]


def as_rows(name: str, given: Any, length: int, vocabulary: int) -> Array:
    """Token numbers (N, L), or one-hot rows (N, L, V), as one-hot rows.

    Raises InputError for a number that is no token, and for rows that are not one-hot: a model
    over tokens has no answer to them. An array of another shape comes back as it is.
    """
    array = np.asarray(given)
    if array.ndim != 2 or array.shape[1] != length:
        if array.ndim == 3 and array.shape[1:] == (length, vocabulary):
            require_one_hot(f"the input {name!r}", array)
        return array
    return _rows(f"the input {name!r}", array, vocabulary)


def token_count(alternatives: Any) -> int | None:
    """How many tokens there are, if alternatives are all of them, (A,) or (A, width).

    None for what is a name or no whole numbers.
    """
    if alternatives is None or isinstance(alternatives, str):
        return None
    numbers = array_of(alternatives)
    if numbers.dtype.kind not in "iu" or numbers.ndim not in (1, 2) or not numbers.size:
        return None
    return int(numbers.max()) + 1 if numbers.min() >= 0 else None


def alternative_rows(given: Any, width: int, vocabulary: int) -> Any:
    """Alternatives given as token numbers, (A,) or (A, width), as rows (A, width, V).

    Anything else comes back as it is. Raises InputError for a number that is no token.
    """
    if given is None or isinstance(given, str):
        return given
    array = np.asarray(given)
    if array.ndim == 1 and width == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != width or (width == 1 and vocabulary == 1):
        return given
    return _rows("an alternative", array, vocabulary)


def require_one_hot(what: str, rows: Array) -> None:
    """Raise InputError unless every row has a single 1 and zeros beside it."""
    if rows.ndim < 2 or not np.all((rows == 0) | (rows == 1)) or not np.all(rows.sum(-1) == 1):
        raise InputError(
            f"{what} is not one token at every position",
            why="the model reads token numbers: rows of zeros, or of shares, stand for none",
            attempt="token numbers, or one-hot rows; an unknown letter needs a token of its own",
        )


def _rows(what: str, numbers: Array, vocabulary: int) -> Array:
    whole = np.asarray(numbers, np.int64)
    if numbers.size and (np.any(whole != numbers) or whole.min() < 0 or whole.max() >= vocabulary):
        raise InputError(
            f"{what} holds numbers that are not tokens",
            why=f"the model's tokens are whole numbers in [0, {vocabulary})",
        )
    return np.eye(vocabulary, dtype=np.float32)[whole]
