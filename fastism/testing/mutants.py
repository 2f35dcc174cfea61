"""Every edit written out, and the model's own answer to each: what a plan must give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.inputs import model_inputs
from fastism.runtime.items import Items
from fastism.runtime.naive import mutated, predict
from fastism.runtime.plan import Plan
from fastism.runtime.scores import HeadScores, Scores

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[Any]


def every_item(plan: Plan, sequences: int) -> Items:
    """Every item of so many sequences, alternatives fastest, sequences slowest."""
    shape = (sequences, len(plan.executor.starts), len(plan.alternatives))
    sequence, site, alternative = np.indices(shape).reshape(3, -1)
    return Items(sequence, site, alternative)


def mutants(plan: Plan, x: Any) -> dict[str, Array]:
    """The inputs of every item, (N * S * A, ...) by name, in the order of `every_item`."""
    inputs = model_inputs(plan.module.main, x)
    count = len(next(iter(inputs.values())))
    return mutated(plan, inputs, every_item(plan, count))


def model_scores(plan: Plan, model: keras.Model, x: Any, batch: int = 256) -> Scores:
    """What the model itself says of every sequence (N, *out) and every item (N, S, A, *out).

    The plan lends its sites, its alternatives and its choice of outputs, and nothing else.
    """
    inputs: Mapping[str, Array] = model_inputs(plan.module.main, x)
    count = len(next(iter(inputs.values())))
    grid = (count, len(plan.executor.starts), len(plan.alternatives))
    references = predict(model, plan, inputs, batch)
    alternates = predict(model, plan, mutants(plan, x), batch)
    heads = [
        HeadScores(reference, alternate.reshape(*grid, *reference.shape[1:]))
        for reference, alternate in zip(references, alternates, strict=True)
    ]
    return Scores(dict(zip(plan.output_names, heads, strict=True)))
