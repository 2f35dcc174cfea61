"""Score definitions: what is made of the predictions for a sequence and its mutants.

Every function takes ``reference`` (N, *out), the predictions for N sequences as they are, and
``alternate`` (N, S, A, *out), those with alternative A written at site S, as a plan returns them
and a scores file holds them. Write

    d[a] = f(alternative a) - f(reference)

for one sequence, site and output; where the alternatives are letters, d is 0 at the reference base.
Tools of the field differ in what they make of d, by a third at the reference base, so that a number
is worth little without the name of its definition: `SCORES` holds all of them, by name.

Centered scores and projections are of letters: sites of one position, at which every letter is
written in the order of the channels. `require_letters` refuses others.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError

Array = npt.NDArray[Any]

__all__ = [  # noqa: RUF022  (in the order a reader meets them)
    "raw",
    "delta",
    "centered",
    "centered_alt",
    "hypothetical",
    "contribution",
    "logfc",
    "l2",
    "SCORES",
    "Score",
    "named",
    "writes_letters",
    "require_letters",
]


def raw(reference: Array, alternate: Array) -> Array:
    """f(alternative a), (N, S, A, *out): the prediction itself.

    At the reference base: f(reference). Used by fastISM, which keeps f(reference) beside it.
    """
    _require_fit(reference, alternate)
    return np.asarray(alternate)


def delta(reference: Array, alternate: Array) -> Array:
    """d[a] = f(alternative a) - f(reference), (N, S, A, *out).

    At the reference base: 0. Used by CREsted, selene and kipoi.
    """
    _require_fit(reference, alternate)
    return np.asarray(alternate - np.asarray(reference)[:, None, None])


def centered(reference: Array, alternate: Array) -> Array:
    """d[a] - mean of d over all letters, the reference base included, (N, S, A, *out).

    At the reference base: -sum(d) / A, with A = 4 letters of DNA. Used by basenji and tangermeme.
    """
    d = delta(reference, alternate)
    return np.asarray(d - d.mean(axis=2, keepdims=True))


def centered_alt(reference: Array, alternate: Array, one_hot: Array) -> Array:
    """d[a] - mean of d over the letters other than the reference base, (N, S, A, *out).

    one_hot: (N, S, A), the letter that each sequence holds at each site; where it is no letter (N),
    the mean is over all of them. At the reference base: -sum(d) / (A - 1), 4/3 of `centered` for
    DNA. Used by AlphaGenome.
    """
    d = delta(reference, alternate)
    held = _held(one_hot, d)
    others = held.shape[2] - (held == 1).any(axis=2, keepdims=True)
    return np.asarray(d - d.sum(axis=2, keepdims=True) / others.astype(d.dtype))


def hypothetical(reference: Array, alternate: Array) -> Array:
    """The whole `centered` matrix, (N, S, A, *out): what each letter would contribute if present.

    At the reference base: -sum(d) / A. What TF-MoDISco reads as ``-a``.
    """
    return centered(reference, alternate)


def contribution(reference: Array, alternate: Array, one_hot: Array) -> Array:
    """`hypothetical` times the one-hot sequence, (N, S, A, *out): 0 but for the reference base.

    one_hot: (N, S, A), the letter that each sequence holds at each site; no letter (N) contributes
    nothing. At the reference base: -sum(d) / A, with A = 4 letters of DNA. Also called projected;
    shown in bigWig tracks, and read by finemo.
    """
    scores = hypothetical(reference, alternate)
    return np.asarray(scores * _held(one_hot, scores).astype(scores.dtype))


def logfc(reference: Array, alternate: Array) -> Array:
    """log2(f(alternative a) / f(reference)), (N, S, A, *out).

    At the reference base: 0. Used by variant-scorer, gReLU and baskerville. Of counts, coverage or
    probabilities: a head that gives natural log counts has the same as ``delta / ln 2``. Raises
    InputError for predictions that are zero or negative.
    """
    _require_fit(reference, alternate)
    wrong = sum(int((values <= 0).sum()) for values in (reference, alternate))
    if wrong:
        raise InputError(
            f"logfc takes logarithms, and {wrong:,} predictions are zero or negative",
            attempt="delta, for outputs of either sign or that are logarithms already",
        )
    return np.asarray(np.log2(alternate) - np.log2(reference)[:, None, None])


def l2(reference: Array, alternate: Array) -> Array:
    """sqrt(sum over all outputs of d[a] squared), (N, S, A): how far the prediction moves.

    At the reference base: 0. Used by yuzu. It has no sign: not for TF-MoDISco.
    """
    d = delta(reference, alternate)
    return np.asarray(np.sqrt(np.square(d).sum(axis=tuple(range(3, d.ndim)))))


@dataclass(frozen=True)
class Score:
    """A score definition, for those who choose it by name.

    formula, at_reference: what it is, and what it is at the reference base, in a line. used_by:
    other tools that mean the same by it. letters: whether it is of letters alone, see
    `require_letters`. one_hot: whether it takes the letters that the sequences hold. per_output:
    whether it has a number for each output, (N, S, A, *out), and not one for all, (N, S, A).
    """

    name: str
    function: Callable[..., Array]
    formula: str
    at_reference: str
    used_by: str
    letters: bool = False
    one_hot: bool = False
    per_output: bool = True

    def __call__(self, reference: Array, alternate: Array, one_hot: Array | None = None) -> Array:
        """The scores; ``one_hot`` (N, S, A) is not looked at by those that do without.

        Raises InputError where it is needed and not given.
        """
        if not self.one_hot:
            return self.function(reference, alternate)
        if one_hot is None:
            raise InputError(
                f"{self.name} needs the letters that the sequences hold",
                attempt="one_hot=, of shape (N, S, A)",
            )
        return self.function(reference, alternate, one_hot)


_MEAN = "d[a] - mean of d over all letters"
_TABLE = (
    Score("raw", raw, "f(alternative a)", "f(reference)", "fastISM"),
    Score("delta", delta, "d[a]", "0", "CREsted, selene, kipoi"),
    Score("centered", centered, _MEAN, "-sum(d) / A", "basenji, tangermeme", letters=True),
    Score(
        "centered-alt",
        centered_alt,
        "d[a] - mean of d over the letters other than the reference base",
        "-sum(d) / (A - 1)",
        "AlphaGenome",
        letters=True,
        one_hot=True,
    ),
    Score(
        "hypothetical",
        hypothetical,
        f"{_MEAN}, as a whole matrix",
        "-sum(d) / A",
        "TF-MoDISco (-a)",
        letters=True,
    ),
    Score(
        "contribution",
        contribution,
        "hypothetical times the one-hot sequence",
        "-sum(d) / A",
        "bigWig tracks, finemo",
        letters=True,
        one_hot=True,
    ),
    Score(
        "logfc",
        logfc,
        "log2(f(alternative a) / f(reference))",
        "0",
        "variant-scorer, gReLU, baskerville",
    ),
    Score("l2", l2, "sqrt(sum over outputs of d[a]^2)", "0", "yuzu", per_output=False),
)
SCORES: Mapping[str, Score] = MappingProxyType({score.name: score for score in _TABLE})
"""The definitions by name, as ``--score`` takes them."""


def named(name: str) -> Score:
    """The definition of a name; ``_`` is as good as ``-``. Raises InputError for another name."""
    spelled = str(name).replace("_", "-")
    if spelled not in SCORES:
        near = difflib.get_close_matches(spelled, SCORES, n=1)
        raise InputError(
            f"there is no score {name!r}",
            why=f"the scores are {', '.join(SCORES)}",
            attempt=f"did you mean {near[0]}?" if near else None,
        )
    return SCORES[spelled]


def writes_letters(alternatives: Array, letters: tuple[int, ...] | None = None) -> bool:
    """Whether what is written at a site is each letter once, in the order of the channels.

    alternatives: (A, width, C), the rows written; letters: the channels that hold the letters, in
    order, None for all. False for sites of several positions, and for rows of each sequence's own.
    """
    rows = np.asarray(alternatives)
    if rows.ndim != 3 or rows.shape[1] != 1:
        return False
    rows = rows[:, 0] if letters is None else rows[:, 0, list(letters)]
    return rows.shape[0] == rows.shape[1] and bool((rows == np.eye(len(rows))).all())


def require_letters(name: str, alternatives: Array, letters: tuple[int, ...] | None = None) -> None:
    """Raise InputError where a score is of letters alone and something else was written.

    Arguments as for `named` and `writes_letters`.
    """
    definition = named(name)
    if definition.letters and not writes_letters(alternatives, letters):
        raise not_letters(definition.name)


def not_letters(name: str) -> InputError:
    """The error of a score that is of letters, where something else was written."""
    return InputError(
        f"the score {name} is of letters, and other alternatives were written",
        why="its mean is over every letter at one position: sites must be of width 1, and the "
        "alternatives each letter in the order of the channels",
        attempt="delta or raw; or compile and run with the default sites and alternatives",
    )


def _require_fit(reference: Array, alternate: Array) -> None:
    """Raises InputError unless the shapes are (N, *out) and (N, S, A, *out)."""
    first, second = np.shape(reference), np.shape(alternate)
    if len(second) != len(first) + 2 or second[:1] + second[3:] != first:
        raise InputError(
            f"reference {first} and alternate {second} do not belong together",
            why="they must be (N, *out) and (N, S, A, *out)",
        )


def _held(one_hot: Array, scores: Array) -> Array:
    """One-hot letters (N, S, A) with an axis for each of the outputs' axes. Raises InputError."""
    held = np.asarray(one_hot)
    if held.shape != scores.shape[:3]:
        raise InputError(
            f"one_hot {held.shape} does not fit scores {scores.shape}",
            why="it must be (N, S, A): the letter each sequence holds at each site",
        )
    return held.reshape(*held.shape, *(1 for _ in scores.shape[3:]))
