"""Score substitutions of any width: those of one width together, many sequences at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.execute import MUTANTS
from fastism.runtime.items import IntArray, Items
from fastism.runtime.resited import Resited
from fastism.runtime.scores import VariantScores
from fastism.runtime.scoring import Progress, Scoring, blank, predicted
from fastism.runtime.substitutions import Substitutions

Array = npt.NDArray[Any]


def score_substitutions(
    programs: Resited,
    inputs: Mapping[str, Array],
    edits: Substitutions,
    batch_size: int,
    memory: int | None = None,
    progress: Progress | None = None,
) -> list[VariantScores]:
    """The predictions without and with each substitution, for each head; see `Plan.variants`."""
    plan, total = programs.plan, len(edits)
    own, edited = plan.executor, inputs[plan.module.seq_input]
    alternates = blank(own, total)
    references = blank(own, len(edited))
    done = 0
    for share in programs.shares(edits.position, edits.width):
        chosen, executor = share.chosen, share.executor
        inner = _within(progress, done, total)
        done += len(chosen)
        if executor is None or share.sites is None:
            _predict_whole(programs, inputs, edits, chosen, batch_size, references, alternates)
            if inner is not None:
                inner(len(chosen), total)
            continue
        starts = executor.starts[share.sites]
        rows = edits.within(chosen, starts, executor.width, edited)
        items = Items(edits.sequence[chosen], share.sites, np.arange(len(chosen)))
        scoring = Scoring(executor, inputs, rows, batch_size, memory, inner)
        for alternate, scored in zip(alternates, scoring.chosen(items, references), strict=True):
            alternate[chosen] = scored
    return [
        VariantScores(reference[edits.sequence], alternate)
        for reference, alternate in zip(references, alternates, strict=True)
    ]


def _predict_whole(
    programs: Resited,
    inputs: Mapping[str, Array],
    edits: Substitutions,
    chosen: IntArray,
    batch_size: int,
    references: Sequence[Array],
    alternates: Sequence[Array],
) -> None:
    """Fill in some substitutions, and their sequences, by running the model on each mutant."""
    plan, seq_input = programs.plan, programs.plan.module.seq_input
    used = np.unique(edits.sequence[chosen])
    taken = {name: array[used] for name, array in inputs.items()}
    for reference, values in zip(
        references, predicted(plan.executor, taken, batch_size), strict=True
    ):
        reference[used] = values
    for first in range(0, len(chosen), MUTANTS):
        part = chosen[first : first + MUTANTS]
        mutants = {name: array[edits.sequence[part]] for name, array in inputs.items()}
        mutants[seq_input] = edits.mutants(part, inputs[seq_input], plan.letters)
        for alternate, values in zip(
            alternates, predicted(plan.executor, mutants, MUTANTS), strict=True
        ):
            alternate[part] = values


def _within(progress: Progress | None, done: int, total: int) -> Progress | None:
    """A callback for some of the edits, after ``done`` of all are done."""
    if progress is None:
        return None

    def update(part: int, _: int) -> None:
        progress(done + part, total)

    return update
