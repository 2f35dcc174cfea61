"""``run --model``: the scores of a run held against the model, and said in its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastism.cli.edits import Written
from fastism.cli.session import Session
from fastism.errors import PlanError

if TYPE_CHECKING:
    from fastism.io.shards import Shards
    from fastism.io.sources.base import Source
    from fastism.ir.module import Module
    from fastism.runtime.ask import Ask
    from fastism.runtime.plan import Plan

SEQUENCES = 3
"""How many sequences of a run are compared, spread evenly over it."""


def check_same_model(plan: Path, imported: Module, model: Path) -> None:
    """Raises PlanError if a plan, whose first stage is given, was compiled from another model."""
    from fastism.frontends.file_hash import file_hash

    if imported.sha256 and imported.sha256 != file_hash(model):
        raise PlanError(
            f"{plan} was not compiled from {model}",
            why=f"the plan's model is {imported.model}, sha256 {imported.sha256[:12]}..",
        )


def check_run(
    session: Session,
    ask: Ask,
    models: Sequence[Any],
    source: Source,
    shards: Shards,
    written: Written,
) -> dict[str, Any]:
    """Hold some of a run's scores against the models, one a plan: what its files say of that.

    Raises MismatchError where they are not the models' own.
    """
    import numpy as np

    from fastism.checking.receipt import check_scores
    from fastism.io.rows import joined
    from fastism.runtime.ask import first_plan

    record = shards.record
    chosen = np.unique(np.linspace(record.start, record.end - 1, SEQUENCES).astype(int)).tolist()
    batches = [next(source.batches(1, index)) for index in chosen]
    rows = joined([shards.row(index) for index in chosen])
    inputs = {
        name: np.concatenate([batch.inputs[name] for batch in batches])
        for name in batches[0].inputs
    }
    edits = [
        written.rows(first_plan(ask), batch.inputs, index, source.count)
        for index, batch in zip(chosen, batches, strict=True)
    ]
    alternatives = edits[0] if edits[0].ndim == 3 else np.concatenate(edits)
    receipt = check_scores(ask, models, inputs, rows.scores, alternatives, rows.deviations)
    one = len(models) == 1
    session.note(f"agrees with the {'model' if one else 'models'}: {receipt}")
    counts = receipt.items, receipt.sites, receipt.largest_difference
    return checked("this run", *counts, "model's" if one else "models'")


def compiled_check(plan: Plan) -> dict[str, Any]:
    """What the files of a run say of the check when its plan was compiled; nothing without one."""
    if not plan.checked:
        return {}
    items, sites, largest = (plan.checked[key] for key in ("items", "sites", "largest_difference"))
    return checked("random sequences, when the plan was compiled", items, sites, largest)


def checked(
    where: str, items: int, sites: int, largest: float, whose: str = "model's"
) -> dict[str, Any]:
    """The attributes of a file that was held against the model, or models."""
    return {
        "checked": f"{items:,} mutants of {where}, at {sites:,} sites, against the {whose} own "
        "predictions",
        "checked_largest_difference": largest,
    }
