"""The model called on mutants: the answer every plan must give."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.checking.baseline import median_seconds
from fastism.checking.modules import first_difference
from fastism.checking.mutants import mutants, mutated
from fastism.errors import MismatchError
from fastism.frontends.models import loaded
from fastism.frontends.registry import front_end_of
from fastism.runtime.inputs import own_forms
from fastism.runtime.items import Items
from fastism.runtime.scores import HeadScores, Scores

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


def reduced_as(plan: Plan, model: Any) -> Any:
    """A model, or the one in the file of a path, with its outputs reduced as the plan's are.

    Raises InputError where they are reduced by a function of the user's and the plan was loaded
    without it.
    """
    live = loaded(model)
    return front_end_of(live).reduced(live, plan.reductions) if plan.reductions else live


def predict(model: Any, plan: Plan, inputs: Mapping[str, Array], batch: int = 32) -> list[Array]:
    """The model's own outputs that the plan scores, (M, *out), in the plan's order.

    model: a model, or the path of its file; where the plan reduces outputs, as `reduced_as` gives
    it.
    """
    model = loaded(model)
    end, given = front_end_of(model), own_forms(plan.module, inputs)
    parts = [
        end.predict(model, [array[first : first + batch] for array in given])
        for first in range(0, len(given[0]), batch)
    ]
    every = [np.concatenate(part) for part in zip(*parts, strict=True)]
    _check_positions(plan, len(every))
    return [every[index] for index in plan.output_positions]


def _check_positions(plan: Plan, outputs: int) -> None:
    if max(plan.output_positions, default=0) >= outputs:
        raise MismatchError(
            f"the plan scores output number {max(plan.output_positions)}, counted from 0",
            where=f"model {plan.module.model!r}",
            why=f"the model has {outputs} outputs",
        )


def check_imported(plan: Plan, model: Any) -> None:
    """Lower a Keras model anew; it must give the plan's imported stage, weight for weight.

    Raises MismatchError, naming the first node or weight that differs.
    """
    stored = plan.stages[0]
    edited = stored.main.values[stored.seq_input].type
    tokens = edited.channels if stored.seq_input in stored.tokens else None
    end, model = front_end_of(model), reduced_as(plan, model)
    lowered = end.lower(
        model, length=edited.length, seq_input=stored.seq_input, tokens=tokens
    ).module
    _check_positions(plan, len(lowered.outputs))
    outputs, names = (
        tuple(every[index] for index in plan.output_positions)
        for every in (lowered.main.outputs, lowered.outputs)
    )
    made = lowered.replace(
        graphs=(lowered.main.replace(outputs=outputs), *lowered.graphs[1:]),
        outputs=names,
        sites=stored.sites,
        model=stored.model,
        sha256=stored.sha256,
    )
    different = first_difference(made, stored)
    if different is not None:
        raise MismatchError(
            f"the plan's imported stage is not the model: {different.subject} {different.what}",
            where="stage imported",
            context=different.context,
            why="the model was imported again, and compared node for node and weight for weight",
            attempt="compile the model again",
        )


def model_scores(
    plan: Plan, model: Any, x: Any, batch: int = 256, alternatives: Any = None
) -> Scores:
    """What the model itself says of every sequence (N, *out) and every item (N, S, A, *out).

    The plan lends its sites, its choice of outputs and, where none are given, its alternatives.
    """
    inputs: Mapping[str, Array] = plan.inputs(x)
    count = len(next(iter(inputs.values())))
    rows = plan.written(alternatives, count)
    grid = (count, len(plan.executor.starts), rows.shape[-3])
    model = reduced_as(plan, model)
    references = predict(model, plan, inputs, batch)
    alternates = predict(model, plan, mutants(plan, x, alternatives), batch)
    heads = [
        HeadScores(reference, alternate.reshape(*grid, *reference.shape[1:]))
        for reference, alternate in zip(references, alternates, strict=True)
    ]
    return Scores(dict(zip(plan.output_names, heads, strict=True)))


def seconds_an_item(model: Any, plan: Plan, inputs: Mapping[str, Array], items: Items) -> float:
    """Wall time an item of the model itself on the given items as one batch; warm, the best way."""
    given = own_forms(plan.module, mutated(plan, inputs, items))
    ways = front_end_of(model).ways.items()
    calls = {way: partial(make(model, len(items)), given) for way, make in ways}
    return min(median_seconds(calls, 1).values()) / len(items)
