"""Which channels of a sequence are its letters, where others hold tracks that no edit writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError

Array = npt.NDArray[Any]


def parse_letters(given: Any, channels: int, *, tokens: bool = False) -> tuple[int, ...] | None:
    """The channels of the letters, in order; None for all of them.

    given: a slice of the channels, a list of them, or None. tokens: whether the model reads token
    numbers. Raises InputError for anything else, for a channel that is not there or is named twice,
    and for letters of a model over tokens.
    """
    if given is None:
        return None
    try:
        named = range(channels)[given] if isinstance(given, slice) else np.asarray(given).tolist()
        letters = tuple(named)
    except (TypeError, ValueError):
        letters = ()
    whole = all(type(each) is int and 0 <= each < channels for each in letters)
    if tokens or not letters or not whole or len(set(letters)) != len(letters):
        raise InputError(
            f"letters={given!r} cannot be read",
            why="the model reads token numbers, which have no channels"
            if tokens
            else f"it must name channels of the sequence, each once, of 0 to {channels - 1}",
            attempt=None if tokens else "letters=slice(0, 4); --letters 0:4 on the command line",
        )
    return letters


def placed(rows: Array, letters: tuple[int, ...], channels: int) -> Array:
    """Rows of letters, (..., letters), in their channels, zeros in the others, (..., C)."""
    result = np.zeros((*rows.shape[:-1], channels), rows.dtype)
    result[..., list(letters)] = rows
    return result
