"""Hold a plan against the model: random sequences, both edges, a sample inside, every output.

A plan that disagrees is bisected: every value of the propagation graph is compared, in order, with
the same value of the source graph run whole on the mutant, and the first that differs is named.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.checking.model import live, predict
from fastism.checking.mutants import mutated
from fastism.checking.tolerances import differences, tolerance_of
from fastism.errors import MismatchError
from fastism.runtime.inputs import random_inputs, without_some_letters
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]

EDGE = 8
"""Sites checked at each end of the list of sites..."""
INSIDE = 16
"""...and spread between them."""


@dataclass(frozen=True)
class CheckReport:
    """The largest difference, relative to the scale of the output, overall and by output.

    largest_effect: how far the mutations themselves moved any output, on the same scale. Where
    that is below the tolerance, a plan that ignored every mutation would have passed as well.
    """

    largest_difference: float
    largest_effect: float
    items: int
    outputs: Mapping[str, float]


def check_plan(
    plan: Plan,
    model: Any,
    *,
    sequences: int = 3,
    seed: int = 0,
    tolerance: float | None = None,
) -> CheckReport:
    """Compare the plan's scores with the model's own on random one-hot sequences.

    Some positions of the last sequence are rows of zeros, which a model may mask.

    model: the live Keras model, or the path of its file.
    tolerance: the largest difference allowed, as a share of the output's largest magnitude; if
        None, that of the model's element type (`TOLERANCES`).

    Raises MismatchError, naming the first node that disagrees.
    """
    model = live(model)
    tolerance = tolerance_of(model) if tolerance is None else tolerance
    inputs = random_inputs(plan.module.main, sequences, seed)
    edited = plan.module.seq_input
    if edited not in plan.tokens:
        inputs[edited][-1:] = without_some_letters(inputs[edited][-1:], seed)
    items = _items(plan, sequences)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of values that are not finite: they are compared as well
        found = plan.score_items(inputs, items.sequence, items.site, items.alternative)
    expected = predict(model, plan, mutated(plan, inputs, items))
    before = predict(model, plan, inputs)
    outputs: dict[str, float] = {}
    effect = 0.0
    for name, wanted, unmutated in zip(plan.output_names, expected, before, strict=True):
        apart = differences(found[name], wanted).reshape(len(items), -1).max(axis=1, initial=0.0)
        outputs[name] = float(apart.max(initial=0.0))
        effect = max(effect, float(differences(unmutated[items.sequence], wanted).max(initial=0.0)))
        if outputs[name] > tolerance:
            at = int(np.argmax(apart))
            raise _mismatch(plan, name, outputs[name], tolerance, inputs, items, at)
    return CheckReport(max(outputs.values(), default=0.0), effect, len(items), outputs)


def _items(plan: Plan, sequences: int) -> Items:
    """Every alternative at sites near both edges and at a sample inside, sequences in turn."""
    count = len(plan.executor.starts)
    inner = np.linspace(0, count - 1, min(INSIDE, count)).astype(np.int64)
    ends = np.r_[0 : min(EDGE, count), max(count - EDGE, 0) : count]
    sites = np.unique(np.concatenate([ends, inner]))
    alternatives = len(plan.alternatives)
    site = np.repeat(sites, alternatives)
    alternative = np.tile(np.arange(alternatives), len(sites))
    return Items((np.arange(len(site)) // alternatives) % sequences, site, alternative)


def _mismatch(
    plan: Plan,
    name: str,
    difference: float,
    tolerance: float,
    inputs: Mapping[str, Array],
    items: Items,
    at: int,
) -> MismatchError:
    from fastism.checking.bisect import first_difference

    item = items.take(np.array([at]))
    node = first_difference(plan, inputs, item, tolerance)
    start = int(plan.executor.starts[item.site[0]])
    seen = f"seen at position {start}, alternative {int(item.alternative[0])}"
    if node is None:
        where, why = f"model {plan.module.model!r}", "every lowered layer agrees on its own"
    else:
        layer = node.origin.layer if node.origin else node.name
        where = f"layer {layer!r}, node %{node.name} = {node.op}(...)"
        why = "this is the first value the compiled program gets wrong"
    return MismatchError(
        f"the plan disagrees with the model: {difference:.1e} of the scale of output {name!r}, "
        f"and {tolerance:g} is allowed",
        where=where,
        why=f"{why}; {seen}",
        attempt="stop_layers at that layer computes it and all later ones whole; "
        "and please report this: it is a fault of fastism",
    )
