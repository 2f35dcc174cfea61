"""What a picture shows of one sequence: a height for every position, a colour for every mutation.

The heat map has the chosen score. The logo has, at each position, what the sequence's own letter
contributes: of centered scores the score at that letter; of others (raw, delta, logfc) that score
less its mean over all alternatives, which for delta is the `contribution` of `fastism.scores`; of
l2, which has no sign, its mean over all alternatives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.regions import Region
from fastism.io.scored import ScoredSequence
from fastism.plotting.choices import SCORES
from fastism.scores import named, require_letters

Array = npt.NDArray[Any]

_AT_THE_LETTER = frozenset({"centered", "centered-alt", "hypothetical"})
MOST_ROWS = 64
"""Alternatives that a heat map has room for."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """One sequence, drawn over the stretch ``[start, start + P)`` in which its sites lie.

    name: of the sequence. output: of the model, with the target in brackets. alphabet: the letters
    of the channels. text: the letters of the stretch. labels: of the A alternatives. values:
    (A, P), the score of each alternative at each position, NaN where nothing was written, or the
    score is infinite. held: (A, P) bool, where the sequence holds the alternative already. heights:
    (P,), of the logo, NaN where there is no site, or a score is NaN. reference: the prediction for
    the sequence, NaN for a score of several outputs together. score, width: the score's name, and
    the positions of a site. A site shows on all its positions; where sites overlap, on those in its
    middle. region: where in a genome the whole sequence comes from.
    """

    name: str
    output: str
    alphabet: str
    start: int
    text: str
    labels: tuple[str, ...]
    values: Array
    held: Array
    heights: Array
    reference: float
    score: str
    width: int
    region: Region | None = None

    @property
    def stop(self) -> int:
        """Where the stretch ends."""
        return self.start + len(self.text)

    @property
    def formula(self) -> str:
        """What a value of the heat map is, as a formula."""
        formula, change = named(self.score).formula, "f(alternative a) - f(reference)"
        if formula == "d[a]":
            return change
        return f"{formula}, where d[a] = {change}" if "d[a]" in formula else formula

    @property
    def height(self) -> str:
        """What a height of the logo is, in words."""
        if self.score in _AT_THE_LETTER:
            return f"{self.score} score of the letter held"
        if self.score == "l2":
            return "mean of l2 over the alternatives"
        mean = "logfc" if self.score == "logfc" else "delta"
        return f"minus the mean of {mean} over the alternatives"

    @property
    def neutral(self) -> float:
        """The value that says nothing: 0, or of raw predictions the reference."""
        return self.reference if self.score == "raw" else 0.0

    @property
    def effects(self) -> Array:
        """(A, P): the values less the one of the alternative that the sequence holds."""
        return np.asarray(self.values - _own(self.values, self.held, self.neutral))

    def between(self, start: int, stop: int) -> Landscape:
        """The part of it from ``start`` to ``stop``, which must lie in the stretch."""
        part = slice(start - self.start, stop - self.start)
        return replace(
            self,
            start=start,
            text=self.text[part],
            values=self.values[:, part],
            held=self.held[:, part],
            heights=self.heights[part],
        )


def landscape(
    scored: ScoredSequence, score: str = "delta", target: Sequence[int] | None = None
) -> Landscape:
    """What to show of a sequence.

    score: one of `SCORES`. target: the index of one number among those that the output gives for a
    sequence; None where it gives one, or for l2, which is of all of them. Raises InputError where a
    target is missing or there is none such, for another score, and for what cannot be drawn.
    """
    if score not in SCORES:
        raise InputError(
            f"a heat map cannot show the score {score!r}",
            why=f"it shows {', '.join(SCORES)}; the logo above it shows contributions",
        )
    count = scored.alternate.shape[1]
    if count > MOST_ROWS:
        raise InputError(
            f"{count:,} alternatives were written at each site, and a heat map has room for "
            f"{MOST_ROWS}"
        )
    definition = named(score)
    require_letters(score, scored.alternatives)
    reference, alternate, picked = scored.reference, scored.alternate, ""
    if definition.per_output or target is not None:
        index = one_target(scored, target)
        place = [0] if not index else [int(np.ravel_multi_index(index, reference.shape))]
        alternate = alternate.reshape(*alternate.shape[:2], -1)[..., place]
        picked = f"[{', '.join(map(str, index))}]" if reference.size > 1 else ""
        reference = reference.reshape(-1)[place]
    values = definition(_double(reference), _double(alternate), scored.held[None])
    values = values.reshape(values.shape[1:3]).T
    values = np.where(np.isfinite(values), values, np.nan)
    held, said = scored.held.T, float(reference.item()) if reference.size == 1 else math.nan
    heights = _heights(score, values, held, said if score == "raw" else 0.0)
    gap = int(np.diff(np.sort(scored.starts)).min(initial=scored.width))
    shown = min(scored.width, gap)
    cells = scored.starts[:, None] + (scored.width - shown) // 2 + np.arange(shown)
    first, last = int(cells.min()), int(cells.max()) + 1
    return Landscape(
        name=scored.name,
        output=scored.output + picked,
        alphabet=scored.alphabet,
        start=first,
        text=scored.text[first:last],
        labels=scored.labels,
        values=_spread(values, cells - first, last - first, np.nan),
        held=_spread(held, cells - first, last - first, False),
        heights=_spread(heights, cells - first, last - first, np.nan),
        reference=said,
        score=score,
        width=scored.width,
        region=scored.region,
    )


def one_target(scored: ScoredSequence, target: Sequence[int] | None) -> tuple[int, ...]:
    """The index of one number of an output. Raises InputError where it is missing or wrong."""
    shape = scored.reference.shape
    if target is None:
        if math.prod(shape) == 1:
            return (0,) * len(shape)
        raise InputError(
            f"the output {scored.output!r} gives {math.prod(shape):,} numbers a sequence, and one "
            "is shown",
            why=f"its shape is {shape}",
            attempt=f"a target from {','.join('0' for _ in shape)} "
            f"to {','.join(str(size - 1) for size in shape)}",
        )
    index = tuple(int(each) for each in target)
    fits = len(index) == len(shape) and all(-n <= i < n for i, n in zip(index, shape, strict=False))
    if not fits:
        raise InputError(
            f"the output {scored.output!r} has no target {', '.join(map(str, index))}",
            why=f"its shape is {shape}: a target is an index for each axis, counted from 0",
        )
    return tuple(i % n for i, n in zip(index, shape, strict=True))


def _double(values: Array) -> Array:
    """With an axis for the sequences, in double precision."""
    return np.asarray(values, np.float64)[None]


def _own(values: Array, held: Array, neutral: float) -> Array:
    """The value of the alternative held, over values (A, P); ``neutral`` where none is."""
    return np.where(held.any(axis=0), np.where(held, values, 0).sum(axis=0), neutral)


def _heights(score: str, values: Array, held: Array, neutral: float) -> Array:
    """(S,) of values and held (A, S)."""
    if score == "l2":
        return np.asarray(values.mean(axis=0))
    own = _own(values, held, neutral)
    return own if score in _AT_THE_LETTER else np.asarray(own - values.mean(axis=0))


def _spread(values: Array, cells: Array, length: int, missing: Any) -> Array:
    """(..., S) at the positions of the sites, cells (S, w): (..., length)."""
    result = np.full((*values.shape[:-1], length), missing, values.dtype)
    for column in cells.T:
        result[..., column] = values
    return result
