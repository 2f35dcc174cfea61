"""Every edit written out, and the model's own answer to each: what a plan must give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.items import Items
from fastism.runtime.naive import mutated, predict
from fastism.runtime.plan import Plan
from fastism.runtime.scores import HeadScores, Scores

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[Any]


def every_item(plan: Plan, sequences: int, alternatives: int | None = None) -> Items:
    """Every item of so many sequences, alternatives fastest, sequences slowest.

    alternatives: how many there are, if not as many as the plan has.
    """
    count = len(plan.alternatives) if alternatives is None else alternatives
    shape = (sequences, len(plan.executor.starts), count)
    sequence, site, alternative = np.indices(shape).reshape(3, -1)
    return Items(sequence, site, alternative)


def mutants(plan: Plan, x: Any, alternatives: Any = None) -> dict[str, Array]:
    """The inputs of every item, (N * S * A, ...) by name, in the order of `every_item`."""
    inputs = plan.inputs(x)
    count = len(next(iter(inputs.values())))
    rows = plan.written(alternatives, count)
    return mutated(plan, inputs, every_item(plan, count, rows.shape[-3]), rows)


def model_scores(
    plan: Plan, model: keras.Model, x: Any, batch: int = 256, alternatives: Any = None
) -> Scores:
    """What the model itself says of every sequence (N, *out) and every item (N, S, A, *out).

    The plan lends its sites, its choice of outputs and, where none are given, its alternatives.
    """
    inputs: Mapping[str, Array] = plan.inputs(x)
    count = len(next(iter(inputs.values())))
    rows = plan.written(alternatives, count)
    grid = (count, len(plan.executor.starts), rows.shape[-3])
    references = predict(model, plan, inputs, batch)
    alternates = predict(model, plan, mutants(plan, x, alternatives), batch)
    heads = [
        HeadScores(reference, alternate.reshape(*grid, *reference.shape[1:]))
        for reference, alternate in zip(references, alternates, strict=True)
    ]
    return Scores(dict(zip(plan.output_names, heads, strict=True)))
