"""Hold a plan against the model: random sequences, both edges, a sample inside, every output.

A plan that disagrees is bisected: every value of the propagation graph is compared, in order, with
the same value of the source graph run whole on the mutant, and the first that differs is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import MismatchError
from fastism.runtime.inputs import random_inputs
from fastism.runtime.items import Items
from fastism.runtime.naive import live, mutated, predict
from fastism.runtime.plan import Plan
from fastism.runtime.tolerances import tolerance_of

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
    sequences: int = 2,
    seed: int = 0,
    tolerance: float | None = None,
) -> CheckReport:
    """Compare the plan's scores with the model's own on random one-hot sequences.

    model: the live Keras model, or the path of its file.
    tolerance: the largest difference allowed, as a share of the output's largest magnitude; if
        None, that of the model's element type (`TOLERANCES`).

    Raises MismatchError, naming the first node that disagrees.
    """
    model = live(model)
    tolerance = tolerance_of(model) if tolerance is None else tolerance
    inputs = random_inputs(plan.module.main, sequences, seed)
    items = _items(plan, sequences, seed)
    found = plan.score_items(inputs, items.sequence, items.site, items.alternative)
    expected = predict(model, plan, mutated(plan, inputs, items))
    before = predict(model, plan, inputs)
    differences: dict[str, float] = {}
    effect = 0.0
    for name, wanted, unmutated in zip(plan.output_names, expected, before, strict=True):
        scale = max(float(np.abs(wanted).max(initial=0.0)), 1e-6)
        apart = np.abs(found[name].astype(np.float64) - wanted).reshape(len(items), -1)
        worst = apart.max(axis=1, initial=0.0) / scale
        differences[name] = float(worst.max(initial=0.0))
        moved = np.abs(wanted - unmutated[items.sequence]).max(initial=0.0)
        effect = max(effect, float(moved) / scale)
        if not differences[name] <= tolerance:  # NaN is a mismatch too
            at = int(np.argmax(np.where(np.isnan(worst), np.inf, worst)))
            raise _mismatch(plan, name, differences[name], tolerance, inputs, items, at)
    largest = max(differences.values(), default=0.0)
    return CheckReport(largest, effect, len(items), differences)


def _items(plan: Plan, sequences: int, seed: int) -> Items:
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
    from fastism.testing.bisect import first_difference

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
