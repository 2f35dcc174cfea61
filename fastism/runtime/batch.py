"""A batch of a run: sequences with their names in, the same with their scores out."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from fastism.io.rows import Rows
from fastism.io.sources.base import Batch
from fastism.runtime.ask import Ask, first_plan
from fastism.runtime.ensemble import EnsembleScores
from fastism.runtime.scores import Scores
from fastism.runtime.scoring import Progress


def score_batch(
    ask: Ask,
    batch: Batch,
    edits: npt.NDArray[Any],
    *,
    batch_size: int,
    memory: int,
    progress: Progress | None = None,
) -> Rows:
    """Score a batch. ``edits`` as `Plan.written` gives them for it; the rest as a plan takes it."""
    plan = first_plan(ask)
    scores: Scores = ask(
        batch.inputs,
        alternatives=edits,
        batch_size=batch_size,
        memory=memory,
        progress=progress,
    )
    return Rows(
        names=batch.names,
        sequences=plan.inputs(batch.inputs)[plan.module.seq_input],
        scores={name: (scores[name].reference, scores[name].alternate) for name in scores},
        alternatives=edits if edits.ndim == 5 else None,
        regions=batch.regions,
        deviations={name: (each.reference, each.delta) for name, each in scores.deviations.items()}
        if isinstance(scores, EnsembleScores)
        else None,
    )
