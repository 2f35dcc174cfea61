"""What plans answer to questions about variants: many of many windows, folded into one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.alphabet import Alphabet
from fastism.io.variants.scored import kinds
from fastism.runtime.ask import Ask, plans_of
from fastism.runtime.ensemble import Ensemble, EnsembleVariantScores
from fastism.runtime.scores import VariantScores
from fastism.variants.questions import Question

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Manner:
    """How variants are scored: plain data.

    alphabet: of the plans. batch_size: windows at a time; memory: bytes. programs: the widths of
    sites that plans have programs for, beside their own, so that each answer is the same whatever
    was asked before.
    """

    alphabet: str
    batch_size: int
    memory: int
    programs: tuple[int, ...] = ()


def answers(ask: Ask, questions: Sequence[Question], manner: Manner) -> Array:
    """The scores of all rows of some questions, as `answer` gives them."""
    asked = questions or [Question(0, [], [], [], [])]
    return np.concatenate([answer(ask, question, manner) for question in asked])


def answer(ask: Ask, question: Question, manner: Manner) -> Array:
    """The scores of a question's rows, (rows, numbers, kinds) float32; NaN where there are none.

    numbers: of all outputs together. kinds: see `fastism.io.variants.scored.kinds`.
    """
    for plan in plans_of(ask):
        plan.resited.make(manner.programs)
    numbers = sum(int(np.prod(shape)) for shape in plans_of(ask)[0].output_shapes.values())
    width = len(kinds(deviations=isinstance(ask, Ensemble)))
    result = np.full((question.rows, numbers, width), np.nan, np.float32)
    letters = Alphabet(manner.alphabet)
    if question.substitutions:
        rows, windows, positions, written = zip(*question.substitutions, strict=True)
        found = ask.variants(
            _one_hot(question.windows, letters),
            windows,
            positions,
            [letters.one_hot(each) for each in written],
            batch_size=manner.batch_size,
            memory=manner.memory,
        )
        result[list(rows)] = _flat(found)
    if question.moved:
        moved, before, after = np.array(question.moved).T
        x = _one_hot(question.whole, letters)
        result[moved] = _flat(_pairs(ask, x, before, after, manner.batch_size))
    return result


def _pairs(
    ask: Ask, x: Array, before: npt.NDArray[np.int64], after: npt.NDArray[np.int64], batch: int
) -> Mapping[str, VariantScores]:
    """Predictions of whole sequences, without a variant and with it."""
    if isinstance(ask, Ensemble):
        return ask.pairs(x, before, after, batch_size=batch)
    found = ask.predict(x, batch_size=batch)
    return {name: VariantScores(each[before], each[after]) for name, each in found.items()}


def _one_hot(texts: Iterable[str], letters: Alphabet) -> Array:
    return np.stack([letters.one_hot(text) for text in texts])


def _flat(found: Mapping[str, VariantScores]) -> Array:
    """The kinds of all numbers, those of the outputs one after the other, (M, numbers, kinds)."""
    return np.concatenate([_kinds(scores) for scores in found.values()], axis=1)


def _kinds(scores: VariantScores) -> Array:
    held = [scores.reference, scores.alternate, scores.alternate - scores.reference]
    if isinstance(scores, EnsembleVariantScores):
        held.append(scores.deviation.delta)
    count = len(scores.reference)
    return np.stack([each.reshape(count, -1) for each in held], axis=-1)
