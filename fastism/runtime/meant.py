"""Whether sequences are what letters are written into: a question may be exact, and not meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ROUNDING = 1e-3
"""How far from one the shares of a row may add up."""


def doubt(x: Array, alternatives: Array, letters: tuple[int, ...] | None) -> str | None:
    """What is odd of writing letters into sequences (N, L, C), in a sentence with what to do.

    None where the alternatives are no letters, and where every row is one: a single 1, shares that
    add up to 1, or zeros for an unknown one. letters: the channels of them, None for all.
    """
    chosen = slice(None) if letters is None else list(letters)
    if not _one_hot(alternatives[..., chosen]).all():
        return None
    rows = x[..., chosen]
    odd = ~_is_row(rows)
    if not odd.any():
        return None
    sequence, position = (int(each) for each in np.argwhere(odd)[0])
    seen = (
        f"{int(odd.sum()):,} of the {odd.size:,} rows of the sequences are not one-hot (sequence "
        f"{sequence}, position {position}: {_shown(rows[sequence, position])}), and the "
        "alternatives are"
    )
    length, channels = rows.shape[1:]
    if length < channels and _is_row(np.swapaxes(rows, 1, 2)).all():
        return (
            f"{seen}; with {length} positions of {channels} channels they look transposed, "
            "(N, C, L), so that letters are taken for positions: compile a model over (N, L, C), "
            "such as one that begins with Permute((2, 1)), and give it x.transpose(0, 2, 1)"
        )
    return (
        f"{seen}: a letter is written over the whole row, tracks beside the letters included. Say "
        "what is meant: letters=slice(0, 4), for the channels of the letters, keeps the others; "
        "alternatives= takes rows like the sequences' own, say 2 * np.eye(4)"
    )


def _one_hot(rows: Array) -> npt.NDArray[np.bool_]:
    """Which rows hold a single 1 and zeros beside it."""
    return np.asarray(((rows == 0) | (rows == 1)).all(axis=-1) & (rows.sum(axis=-1) == 1))


def _is_row(rows: Array) -> npt.NDArray[np.bool_]:
    """Which rows are one letter, shares of several, or none."""
    total = rows.sum(axis=-1, dtype=np.float64)
    shares = (rows >= 0).all(axis=-1) & (np.abs(total - 1) <= ROUNDING)
    return np.asarray(shares | (rows == 0).all(axis=-1))


def _shown(row: Array) -> str:
    numbers = ", ".join(f"{number:g}" for number in row[:6])
    return f"[{numbers}{', ...' if len(row) > 6 else ''}]"
