"""A batch of a run: sequences with their names in, the same with their scores out."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy.typing as npt

from fastism.io.rows import Rows
from fastism.io.sources.base import Batch
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble, EnsembleScores
from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores
from fastism.runtime.scoring import Progress

Ask: TypeAlias = Plan | BothStrands | Ensemble
"""What may be asked about a batch."""


def score_batch(
    plan: Plan,
    batch: Batch,
    edits: npt.NDArray[Any],
    *,
    ask: Ask | None = None,
    batch_size: int,
    memory: int,
    progress: Progress | None = None,
) -> Rows:
    """Score a batch. ``edits`` as `Plan.written` gives them for it; the rest as a plan takes it.

    ask: what is asked, where it is not the plan alone.
    """
    scores: Scores = (ask or plan)(
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
