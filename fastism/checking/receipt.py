"""The scores of a run held against the model: what its files say of how right they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.checking.check import sample_of_sites
from fastism.checking.model import predict, reduced_as
from fastism.checking.mutants import mutated
from fastism.checking.tolerances import differences, scale_of, tolerance_of
from fastism.errors import MismatchError
from fastism.runtime.ask import Ask, first_plan, members_of
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Receipt:
    """What was compared, and the largest difference as a share of its output's scale.

    items: mutants compared, of how many sequences, at how many of how many sites.
    """

    items: int
    sequences: int
    sites: int
    every: int
    largest_difference: float

    def __str__(self) -> str:
        return (
            f"{self.items:,} mutants of {self.sequences:,} sequences at {self.sites:,} of "
            f"{self.every:,} sites, largest difference {self.largest_difference:.1e} of the "
            "output's scale"
        )


def check_scores(
    ask: Ask,
    models: Sequence[Any],
    inputs: Mapping[str, Array],
    scores: Mapping[str, tuple[Array, Array]],
    alternatives: Array,
    deviations: Mapping[str, tuple[Array, Array]] | None = None,
) -> Receipt:
    """Compare scores of sequences with the model's own, at both edges and some sites between.

    models: the models of what is asked, one a plan; or the paths of their files. inputs: every
    input by name, (N, ...). scores: (reference, alternate) by output, of which means are held
    against the same means of the models. alternatives: what was written, as `Plan.written` gives
    it. deviations: of an ensemble, how far its members are apart about reference, and about
    alternate - reference.

    Raises MismatchError where they differ by more than the rounding of the models' own type.
    """
    plan = first_plan(ask)
    inputs = plan.inputs(inputs)
    sequences = len(inputs[plan.module.seq_input])
    sites = sample_of_sites(plan)
    grid = np.meshgrid(
        np.arange(sequences), sites, np.arange(alternatives.shape[-3]), indexing="ij"
    )
    items = Items(*(axis.ravel() for axis in grid))
    mutants = mutated(plan, inputs, items, alternatives)
    said = [
        [_predictions(member, model, given) for given in (inputs, mutants)]
        for member, model in zip(members_of(ask), models, strict=True)
    ]
    tolerance = max(map(tolerance_of, models))
    largest = 0.0
    for index, name in enumerate(plan.output_names):
        references, alternates = (np.stack([each[k][index] for each in said]) for k in (0, 1))
        expected = np.concatenate([references.mean(axis=0), alternates.mean(axis=0)])
        own, written = scores[name]
        found = np.concatenate([own, _chosen(written, items)])
        apart = float(differences(found, expected).max(initial=0.0))
        _require(apart, tolerance, name, plan)
        largest = max(largest, apart)
        if deviations is not None:
            spread, spreads = deviations[name]
            deltas = alternates - references[:, items.sequence]
            expected_std = np.concatenate([references.std(axis=0), deltas.std(axis=0)])
            found_std = np.concatenate([spread, _chosen(spreads, items)])
            apart = float(differences(found_std, expected_std, scale_of(expected)).max(initial=0.0))
            _require(apart, 2 * tolerance, f"the deviation of {name}", plan)
    return Receipt(len(items), sequences, len(sites), len(plan.executor.starts), largest)


def _predictions(
    member: Plan | BothStrands, model: Any, inputs: Mapping[str, Array]
) -> list[Array]:
    """What a member's own model says of sequences, (M, *out) by output: of both strands' mean."""
    plan = first_plan(member)
    live = reduced_as(plan, model)

    def predicted(given: Mapping[str, Array]) -> dict[str, Array]:
        return dict(zip(plan.output_names, predict(live, plan, given), strict=True))

    names = [value.name for value in plan.module.main.inputs]
    own = dict(zip(names, inputs.values(), strict=True))
    said = member.averaged(predicted, own) if isinstance(member, BothStrands) else predicted(own)
    return list(said.values())


def _chosen(values: Array, items: Items) -> Array:
    return np.asarray(values[items.sequence, items.site, items.alternative])


def _require(apart: float, tolerance: float, name: str, plan: Plan) -> None:
    if apart > tolerance:
        raise MismatchError(
            f"the scores of this run are not the model's: {name} differs by {apart:.1e} of its "
            f"scale, and {tolerance:.0e} is rounding",
            where=f"model {plan.module.model!r}",
            attempt="fastism verify PLAN --model MODEL, which names what is wrong",
        )
