"""Hold a plan against the model: random sequences, both edges, a sample inside, every output.

A plan that disagrees is bisected (`fastism.checking.bisect`): the pass, table or node that first
gets an item wrong is named.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.checking.model import predict, reduced_as
from fastism.checking.mutants import mutated
from fastism.checking.not_finite import nothing_to_compare, say_what_was_not_compared
from fastism.checking.tolerances import differences, tolerance_of
from fastism.errors import MismatchError
from fastism.runtime.finite import not_finite
from fastism.runtime.inputs import random_inputs, without_some_letters
from fastism.runtime.items import IntArray, Items
from fastism.runtime.plan import Plan

if TYPE_CHECKING:
    from fastism.checking.blame import Finding

Array = npt.NDArray[Any]

EDGE = 8
"""Sites checked at each end of the list of sites."""
INSIDE = 16
"""Sites checked between the ends, spread evenly."""

PIECE = 1 << 24
"""Elements of mutants written out at a time."""


@dataclass(frozen=True)
class CheckReport:
    """The largest difference, relative to the scale of the output, overall and by output.

    largest_effect: how far the mutations themselves moved any output, on the same scale. Where
        that is below the tolerance, a plan that ignored every mutation would have passed as well.
    items: how many were compared. not_finite: how many more were not, as the model itself gives
        NaN or an infinite number for them.
    sites: how many sites they lie at. every: how many sites there are.
    """

    largest_difference: float
    largest_effect: float
    items: int
    outputs: Mapping[str, float]
    not_finite: int = 0
    sites: int = 0
    every: int = 0

    @property
    def record(self) -> dict[str, int | float]:
        """What a plan keeps of it."""
        return {
            "items": self.items,
            "sites": self.sites,
            "largest_difference": self.largest_difference,
        }

    def __str__(self) -> str:
        return (
            f"{self.items:,} items at {self.sites:,} of {self.every:,} sites, largest difference "
            f"{self.largest_difference:.1e} of the output's scale (mutations moved it by up to "
            f"{self.largest_effect:.1e})"
        )


def check_plan(
    plan: Plan,
    model: Any,
    *,
    x: Any = None,
    sequences: int = 3,
    seed: int = 0,
    tolerance: float | None = None,
    all_sites: bool = False,
) -> CheckReport:
    """Compare the plan's scores with the model's own on random one-hot sequences, or on given ones.

    Some positions of the last random sequence are rows of zeros, which a model may mask.

    x: sequences, as for a call of the plan; so many random ones if None.
    model: the model, or the path of its file.
    tolerance: the largest difference allowed, as a share of the output's largest magnitude; if
        None, that of the model's element type (`TOLERANCES`).
    all_sites: check every alternative at every site, each on one of the sequences in turn, and not
        at the edges and a sample only.

    Raises MismatchError, naming the first node that disagrees; also where the model's own output
    is finite for no item, as then nothing can be compared. Warns of items that are not compared.
    """
    model = reduced_as(plan, model)
    tolerance = tolerance_of(model) if tolerance is None else tolerance
    inputs = _random(plan, sequences, seed) if x is None else plan.inputs(x)
    sequences = len(inputs[plan.module.seq_input])
    sites = np.arange(len(plan.executor.starts)) if all_sites else sample_of_sites(plan)
    items = every_alternative(plan, sites, sequences)
    before = predict(model, plan, inputs)
    outputs = dict.fromkeys(plan.output_names, 0.0)
    effect, compared = 0.0, np.zeros(len(items), np.bool_)
    step = max(1, PIECE // max(1, sum(array[0].size for array in inputs.values())))
    for first in range(0, len(items), step):
        piece = items.take(np.arange(first, min(first + step, len(items))))
        expected = predict(model, plan, mutated(plan, inputs, piece))
        found = _scores(plan, inputs, piece)
        finite = np.ones(len(piece), np.bool_)
        for name, wanted, unmutated in zip(outputs, expected, before, strict=True):
            apart = _by_item(differences(found[name], wanted))
            outputs[name] = max(outputs[name], float(apart.max(initial=0.0)))
            moved = differences(unmutated[piece.sequence], wanted)
            effect = max(effect, float(moved.max(initial=0.0)))
            finite &= _by_item(~np.isfinite(wanted.astype(np.float64))) == 0
            if outputs[name] > tolerance:
                at = int(np.argmax(apart))
                item = piece.take(np.array([at]))
                raise _mismatch(plan, model, name, outputs[name], tolerance, inputs, item)
        compared[first : first + len(piece)] = finite
    lost = int(np.sum(~compared))
    say_what_was_not_compared(plan, lost, len(items))
    largest = max(outputs.values(), default=0.0)
    return CheckReport(
        largest, effect, len(items) - lost, outputs, lost, len(sites), len(plan.executor.starts)
    )


def _random(plan: Plan, sequences: int, seed: int) -> dict[str, Array]:
    inputs = random_inputs(plan.module.main, sequences, seed)
    edited = plan.module.seq_input
    if edited not in plan.tokens:
        inputs[edited][-1:] = without_some_letters(inputs[edited][-1:], seed)
    return inputs


def check_by_stages(plan: Plan, model: Any = None, *, all_sites: bool = False) -> int:
    """Evaluate every stored stage, and the backend's program; returns at how many sites.

    model: the live model, to begin with; else the imported stage is taken at its word.
    all_sites: for every alternative at every site, and not for one at a few sites of each
        propagation graph.

    Raises DisagreementError, naming the pass, table or node that first gets an item wrong.
    """
    from fastism.checking.bisect import few_sites, search

    held = None if model is None else reduced_as(plan, model)
    sites = range(len(plan.executor.starts)) if all_sites else None
    located = search(plan, model=held, sites=sites)
    if located is not None:
        item, finding = located
        raise disagreement("the stages of the plan disagree", plan, item, finding)
    return len(few_sites(plan) if sites is None else sites)


def sample_of_sites(plan: Plan) -> IntArray:
    """Indices of the sites near both edges, and of some spread between them."""
    count = len(plan.executor.starts)
    inner = np.linspace(0, count - 1, min(INSIDE, count)).astype(np.int64)
    ends = np.r_[0 : min(EDGE, count), max(count - EDGE, 0) : count]
    return np.unique(np.concatenate([ends, inner]))


def every_alternative(plan: Plan, sites: IntArray, sequences: int) -> Items:
    """Every alternative at some sites, the sequences taking turns from site to site."""
    alternatives = len(plan.alternatives)
    site = np.repeat(sites, alternatives)
    alternative = np.tile(np.arange(alternatives), len(sites))
    return Items((np.arange(len(site)) // alternatives) % sequences, site, alternative)


def _scores(plan: Plan, inputs: Mapping[str, Array], items: Items) -> dict[str, Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values that are not finite: they are compared as well
        return plan.score_items(inputs, items.sequence, items.site, items.alternative)


def _by_item(values: Array) -> Array:
    return np.asarray(values.reshape(len(values), -1).max(axis=1, initial=0))


def _mismatch(
    plan: Plan,
    model: Any,
    name: str,
    difference: float,
    tolerance: float,
    inputs: Mapping[str, Array],
    item: Items,
) -> MismatchError:
    from fastism.checking.bisect import bisect

    weights = not_finite(plan.stages[0], plan.opaque)
    if weights and not np.isfinite(difference):
        raise nothing_to_compare(
            plan,
            f"the plan cannot be held against the model: output {name!r} is finite in one of the "
            "two only",
            f"{weights[0]}, and what a maximum makes of such a number is not the same everywhere",
        )
    finding = bisect(plan, inputs, item, tolerance, model)
    what = (
        f"the plan disagrees with the model: {difference:.1e} of the scale of output {name!r}, "
        f"and {tolerance:g} is allowed"
    )
    return disagreement(what, plan, item, finding)


def disagreement(what: str, plan: Plan, item: Items, finding: Finding | None) -> DisagreementError:
    """The error for one item that a plan gets wrong, with what bisection found."""
    start = int(plan.executor.starts[item.site[0]])
    seen = f"seen at position {start}, alternative {int(item.alternative[0])}"
    if finding is None:
        alone = "each stage agrees with the one before it for this item alone"
        return DisagreementError(what, where=f"model {plan.module.model!r}", why=f"{alone}; {seen}")
    first = "this is the first value the compiled program gets wrong; " if finding.node else ""
    return DisagreementError(
        f"{what}; {finding.culprit} is to blame",
        where=finding.where,
        context=finding.context,
        why=f"{first}{finding.why}; {seen}",
        attempt=_around(finding),
        finding=finding,
    )


def _around(finding: Finding) -> str:
    """What to do about a finding: compute its layer whole, and say that it was needed."""
    report = "please report this, unless the pass, op or layer is your own"
    origin = finding.node.origin if finding.node else None
    if origin is None:
        return report
    stop = f"--stop {origin.layer} (stop_layers={[origin.layer]} in Python)"
    return f"{stop} computes it and all later ones whole; and {report}"


class DisagreementError(MismatchError):
    """A plan that gets an item wrong. finding: what bisection makes of it, if anything."""

    def __init__(self, what: str, *, finding: Finding | None = None, **parts: str | None) -> None:
        self.finding = finding
        super().__init__(what, **parts)
