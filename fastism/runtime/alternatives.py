"""What is written at a site: rows by name, rows given, and rows of each sequence's own.

Alternatives are an array (A, width, C) where every sequence and site gets the same rows, or
(1 or N, 1 or S, A, width, C) where they differ by sequence, by site, or by both.
"""

from __future__ import annotations

import itertools
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.ir.types import NUMPY_DTYPES, TensorType
from fastism.runtime.arguments import array_of
from fastism.runtime.inputs import as_dtype
from fastism.runtime.items import IntArray, Items
from fastism.runtime.letters import placed
from fastism.runtime.tokens import alternative_rows, require_one_hot

Array = npt.NDArray[Any]

NAMED = {
    "letters": "each letter in turn, at every position of the site",
    "words": "every combination of letters as long as the site",
    "zeros": "rows of zeros: no letter at all",
    "uniform": "an equal share of every letter",
}
"""The alternatives that have a name, and what they write."""

MOST_WORDS = 4096
"""Combinations of letters beyond which a list of them must be the user's own."""


def parse_alternatives(
    given: Any,
    width: int,
    edited: TensorType,
    *,
    tokens: bool = False,
    letters: tuple[int, ...] | None = None,
) -> Array:
    """Alternatives for every sequence and site alike, (A, width, C).

    given: a name of `NAMED`; rows (A, width, C), or (A, C) for sites of one position; None for
    every letter, where the sites are of one position. edited: the type of the edited input.
    tokens: whether the model reads token numbers; then rows may be those, (A,) or (A, width).
    letters: the channels that are written, of which the names speak, and rows may be.

    Raises InputError for another name or shape, for None where the sites are wider, and for rows
    that stand for no token.
    """
    if tokens:
        rows = parse_alternatives(alternative_rows(given, width, edited.channels), width, edited)
        require_one_hot("an alternative", rows)
        return rows
    if letters is not None and not _as_wide(given, edited.channels):
        rows = parse_alternatives(given, width, _of_letters(edited, letters))
        return placed(rows, letters, edited.channels)
    if given is None and width == 1:
        given = "letters"
    if given is None:
        raise InputError(
            f"the sites are {width} positions wide, so the alternatives must be given",
            attempt=f"alternatives= {_names()}, or rows of shape (A, {width}, {edited.channels})",
        )
    dtype = np.float64 if edited.dtype == "f64" else np.float32
    if isinstance(given, str):
        return _fitting(_named(given, width, edited.channels).astype(dtype), edited)
    rows = _numbers(given).astype(dtype)
    if rows.ndim == 2 and width == 1:
        rows = rows[:, None]
    if rows.ndim != 3 or rows.shape[1:] != (width, edited.channels) or not len(rows):
        raise InputError(
            f"the alternatives have the shape {np.shape(given)}",
            why=f"they must be (A, {width}, {edited.channels}): rows as wide as a site",
        )
    return _fitting(rows, edited)


def parse_written(
    given: Any,
    width: int,
    edited: TensorType,
    sequences: int,
    sites: int,
    *,
    tokens: bool = False,
    letters: tuple[int, ...] | None = None,
) -> Array:
    """Alternatives given with ``sequences`` to score: as `parse_alternatives`, or of their own.

    Rows (N, A, width, C) differ by sequence, (N, S, A, width, C) by site as well; N or S may be 1
    where they do not. Raises InputError for any other shape.
    """
    if given is None or isinstance(given, str):
        return parse_alternatives(given, width, edited, tokens=tokens, letters=letters)
    rows = _numbers(given)
    if rows.ndim < 4:
        return parse_alternatives(rows, width, edited, tokens=tokens, letters=letters)
    if letters is not None and not _as_wide(rows, edited.channels):
        narrow = _of_letters(edited, letters)
        return placed(
            parse_written(rows, width, narrow, sequences, sites), letters, edited.channels
        )
    rows = rows[:, None] if rows.ndim == 4 else rows
    if (
        rows.ndim != 5
        or rows.shape[0] not in (1, sequences)
        or rows.shape[1] not in (1, sites)
        or not rows.shape[2]
        or rows.shape[3:] != (width, edited.channels)
    ):
        row = f"A, {width}, {edited.channels}"
        raise InputError(
            f"the alternatives have the shape {np.shape(given)}",
            why=f"rows by sequence must be ({sequences}, {row}), and by sequence and site "
            f"({sequences}, {sites}, {row}): here are {sequences} sequences and {sites} sites",
        )
    if tokens:
        require_one_hot("an alternative", rows)
    return _fitting(rows, edited)


def _as_wide(given: Any, channels: int) -> bool:
    """Whether rows have all channels of the sequence."""
    if given is None or isinstance(given, str):
        return False
    return _numbers(given).shape[-1:] == (channels,)


def _of_letters(edited: TensorType, letters: tuple[int, ...]) -> TensorType:
    """The type of a sequence without its other channels."""
    return edited.with_shape(*edited.shape[:-1], len(letters))


def _numbers(given: Any) -> Array:
    """Rows as an array. Raises InputError where they are none."""
    rows = array_of(given)
    if rows.dtype.kind not in "biuf":
        raise InputError(
            "the alternatives are not rows of numbers",
            attempt=f"one of {_names()}, or one-hot rows (A, width, C)",
        )
    return rows


def _fitting(rows: Array, edited: TensorType) -> Array:
    """The rows. Raises InputError for shares where the model reads whole numbers."""
    as_dtype("an alternative", rows, NUMPY_DTYPES[edited.dtype])
    return rows


def rows_of(alternatives: Array, items: Items, dtype: npt.DTypeLike) -> Array:
    """What each item writes, (*items, width, C); the items' index arrays may have any one shape."""
    if alternatives.ndim == 3:
        return alternatives[items.alternative].astype(dtype, copy=False)
    by_sequence, by_site = (size > 1 for size in alternatives.shape[:2])
    sequence = items.sequence if by_sequence else 0
    site = items.site if by_site else 0
    return np.asarray(alternatives[sequence, site, items.alternative]).astype(dtype, copy=False)


def of_sequences(alternatives: Array, index: IntArray | slice) -> Array:
    """The alternatives of a selection of the sequences."""
    shared = alternatives.ndim == 3 or len(alternatives) == 1
    return alternatives if shared else alternatives[index]


def shuffled(rows: Array, count: int = 20, seed: int = 0) -> Array:
    """The rows of every site in ``count`` random orders, (N, S, count, width, C).

    rows: (N, S, width, C), what the sequences hold, as `Plan.site_rows` gives it. The orders are
    drawn for every site anew, and depend on the seed and the sequence alone: not on its place in
    the batch. Letters are kept, pairs of letters are not.

    Raises InputError for another number of axes, or a count below 1.
    """
    rows = np.asarray(rows)
    if rows.ndim != 4 or count < 1:
        raise InputError(
            f"cannot shuffle rows of shape {rows.shape} {count} times",
            attempt="fastism.shuffled(plan.site_rows(x), 20)",
        )
    sites, width = rows.shape[1:3]
    result = np.empty((len(rows), sites, count, *rows.shape[2:]), rows.dtype)
    for own, orders in zip(rows, result, strict=True):
        random = np.random.default_rng([seed, zlib.crc32(np.ascontiguousarray(own).tobytes())])
        order = random.random((sites, count, width)).argsort(axis=-1)
        orders[:] = own[np.arange(sites)[:, None, None], order]
    return result


def _named(name: str, width: int, channels: int) -> Array:
    letters = np.eye(channels)
    if name == "letters":
        return np.repeat(letters[:, None], width, axis=1)
    if name == "zeros":
        return np.zeros((1, width, channels))
    if name == "uniform":
        return np.full((1, width, channels), 1 / channels)
    if name != "words":
        raise InputError(f"there are no alternatives {name!r}", why=f"the names are {_names()}")
    if channels**width > MOST_WORDS:
        raise InputError(
            f"there are {channels}**{width} words of {width} letters, more than {MOST_WORDS}",
            attempt=f"rows of shape (A, {width}, {channels}) for the words that matter",
        )
    return letters[list(itertools.product(range(channels), repeat=width))]


def _names() -> str:
    return ", ".join(repr(name) for name in NAMED)
