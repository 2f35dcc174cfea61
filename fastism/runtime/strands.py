"""The other strand: what becomes of letters, of sites, and of a model's outputs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.runtime.arguments import array_of
from fastism.runtime.items import IntArray

Array = npt.NDArray[Any]

_PAIRS: Final = {"A": "TU", "C": "G", "G": "C", "T": "A", "U": "A", "N": "N"}
WORDS: Final = {
    "same": "the numbers as they are: tasks, classes",
    "reversed": "positions in reverse order: a track along the sequence",
    "swapped": "positions and channels in reverse order: tracks of the two strands",
}
"""What an output of the other strand is turned by, so that it is that of the first."""


def complement(alphabet: str, channels: int, letters: Sequence[int] | None = None) -> IntArray:
    """The channel that holds the complement of each channel's letter, (C,).

    alphabet: a letter for each of the channels that hold letters. letters: these channels, all of
    them if None; others stand for themselves. Raises InputError where a letter has no complement.
    """
    held = range(channels) if letters is None else letters
    if len(alphabet) != len(held):
        raise InputError(
            f"the sequences have {len(held)} channels of letters, and the alphabet {alphabet} "
            f"{len(alphabet)} letters",
            why="on the other strand, each letter becomes its complement",
            attempt="alphabet= with one letter a channel, in the model's order",
        )
    result = np.arange(channels)
    for channel, letter in zip(held, alphabet, strict=True):
        partners = [i for i, other in enumerate(alphabet) if other in _PAIRS.get(letter, "")]
        if len(partners) != 1:
            raise InputError(
                f"the letter {letter} of the alphabet {alphabet} has no complement there",
                why="only DNA and RNA have another strand",
            )
        result[channel] = held[partners[0]]
    return result


@dataclass(frozen=True)
class Turn:
    """How an output (*out) of the other strand is turned back to the first.

    reverse: whether its first axis, if it has another one, holds positions. channels: those of the
    last axis in their new order; all as they are if None.
    """

    reverse: bool = False
    channels: tuple[int, ...] | None = None

    def __call__(self, values: Array, rank: int) -> Array:
        """Values (..., *out), with ``rank`` axes of the output."""
        if self.reverse and rank > 1:
            values = np.flip(values, axis=-rank)
        return values if self.channels is None else values[..., list(self.channels)]


def parse_strands(outputs: Mapping[str, tuple[int, ...]], given: Any) -> dict[str, Turn]:
    """How each output is turned back.

    outputs: their shapes without the batch axis. given: one of `WORDS`, or the channel of the other
    strand that each channel pairs with; for all outputs, or a mapping by output. None says nothing,
    which will do for one number, and for one track along the sequence, (P, 1).

    Raises InputError for anything else, and where it is not said and needs to be.
    """
    each = given if isinstance(given, Mapping) else dict.fromkeys(outputs, given)
    for name in each:
        if name not in outputs:
            raise InputError(
                f"strands are given for the output {name!r}, which is not scored",
                why=f"the outputs scored are {', '.join(outputs)}",
            )
    return {name: _turn(name, shape, each.get(name)) for name, shape in outputs.items()}


def _turn(name: str, shape: tuple[int, ...], given: Any) -> Turn:
    channels = shape[-1] if shape else 1
    if given is None and channels == 1:
        return Turn(reverse=len(shape) > 1)
    if given is None:
        raise InputError(
            f"output {name!r} has {channels:,} channels, and it is not said what they are on the "
            "other strand",
            why="tasks stay as they are, and the two strands' own change places",
            attempt="strands="
            + ", or ".join(f"{word!r} ({about})" for word, about in WORDS.items())
            + "; or a channel for each, as [1, 0]",
        )
    backwards = tuple(range(channels))[::-1]
    if isinstance(given, str) and given in WORDS:
        flat = len(shape) == 1 and given == "reversed"
        swaps = bool(shape) and (flat or given == "swapped")
        return Turn(given != "same", backwards if swaps else None)
    pairs = array_of(given)
    if pairs.dtype.kind not in "iu" or sorted(pairs.ravel().tolist()) != list(range(channels)):
        raise InputError(
            f"strands={given!r} does not fit output {name!r}",
            why=f"it must be {', '.join(map(repr, WORDS))}, or each of the channels 0 to "
            f"{channels - 1} once",
        )
    return Turn(reverse=True, channels=tuple(pairs.tolist()))
