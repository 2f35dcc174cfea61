"""The scores of a run held against the model: what its files say of how right they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.checking.check import sample_of_sites
from fastism.checking.model import predict, reduced_as
from fastism.checking.mutants import mutated
from fastism.checking.tolerances import differences, tolerance_of
from fastism.errors import MismatchError
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
    plan: Plan,
    model: Any,
    inputs: Mapping[str, Array],
    scores: Mapping[str, tuple[Array, Array]],
    alternatives: Array,
) -> Receipt:
    """Compare scores of sequences with the model's own, at both edges and some sites between.

    model: the model, or the path of its file. inputs: every input by name, (N, ...). scores:
    (reference, alternate) by output. alternatives: what was written, as `Plan.written` gives it.

    Raises MismatchError where they differ by more than the rounding of the model's own type.
    """
    model = reduced_as(plan, model)
    tolerance = tolerance_of(model)
    sequences = len(inputs[plan.module.seq_input])
    sites = sample_of_sites(plan)
    grid = np.meshgrid(
        np.arange(sequences), sites, np.arange(alternatives.shape[-3]), indexing="ij"
    )
    items = Items(*(axis.ravel() for axis in grid))
    references = predict(model, plan, inputs)
    alternates = predict(model, plan, mutated(plan, inputs, items, alternatives))
    largest = 0.0
    for name, reference, alternate in zip(plan.output_names, references, alternates, strict=True):
        own, written = scores[name]
        found = np.concatenate([own, written[items.sequence, items.site, items.alternative]])
        apart = float(differences(found, np.concatenate([reference, alternate])).max(initial=0.0))
        if apart > tolerance:
            raise MismatchError(
                f"the scores of this run are not the model's: {name} differs by {apart:.1e} of its "
                f"scale, and {tolerance:.0e} is rounding",
                where=f"model {plan.module.model!r}",
                attempt="fastism verify PLAN --model MODEL, which names what is wrong",
            )
        largest = max(largest, apart)
    return Receipt(len(items), sequences, len(sites), len(plan.executor.starts), largest)
