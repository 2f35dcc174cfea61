"""Every edit written out, and the model's own answer to each: what a plan must give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.ir.graph import Graph
from fastism.ir.types import NUMPY_DTYPES
from fastism.runtime.inputs import model_inputs
from fastism.runtime.items import Items
from fastism.runtime.naive import mutated, predict
from fastism.runtime.plan import Plan
from fastism.runtime.scores import HeadScores, Scores

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[Any]


def random_inputs(graph: Graph, sequences: int = 2, seed: int = 0) -> dict[str, Array]:
    """Inputs by name, (sequences, ...): one-hot rows where an input is (N, L, C), else noise."""
    random = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    for value in graph.inputs:
        shape = tuple(int(dim) for dim in value.type.shape[1:])
        if len(shape) == 2:
            array = np.eye(shape[1])[random.integers(0, shape[1], (sequences, shape[0]))]
        else:
            array = random.normal(size=(sequences, *shape))
        inputs[value.name] = array.astype(NUMPY_DTYPES[value.type.dtype])
    return inputs


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
