"""Edits written out: the items of a run, and the sequences that the model itself is called on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.runtime.items import Items

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


def mutations(x: Array) -> Items:
    """Every change of one position of one-hot sequences (N, L, C) to another letter."""
    return Items(*np.nonzero(np.asarray(x) == 0))


def sample(items: Items, count: int) -> Items:
    """``count`` items spread evenly over all of them (all, if there are no more)."""
    return items.take(np.linspace(0, len(items) - 1, min(count, len(items))).astype(np.int64))


def written_letters(x: Array, items: Items) -> Array:
    """The sequences (M, L, C) with each item's change written in."""
    result: Array = x[items.sequence]
    row = np.arange(len(items))
    result[row, items.site] = 0
    result[row, items.site, items.alternative] = 1
    return result


def every_item(plan: Plan, sequences: int, alternatives: int | None = None) -> Items:
    """Every item of so many sequences, alternatives fastest, sequences slowest.

    alternatives: how many there are, if not as many as the plan has.
    """
    count = len(plan.alternatives) if alternatives is None else alternatives
    shape = (sequences, len(plan.executor.starts), count)
    sequence, site, alternative = np.indices(shape).reshape(3, -1)
    return Items(sequence, site, alternative)


def mutated(
    plan: Plan, inputs: Mapping[str, Array], items: Items, alternatives: Array | None = None
) -> dict[str, Array]:
    """Every input of the model with each item's alternative written in, (M, ...).

    alternatives: as `Plan.written` gives them; the plan's own if None.
    """
    rows = plan.alternatives if alternatives is None else alternatives
    return plan.executor.edits(inputs, items, rows).mutants()


def mutants(plan: Plan, x: Any, alternatives: Any = None) -> dict[str, Array]:
    """The inputs of every item, (N * S * A, ...) by name, in the order of `every_item`."""
    inputs = plan.inputs(x)
    count = len(next(iter(inputs.values())))
    rows = plan.written(alternatives, count)
    return mutated(plan, inputs, every_item(plan, count, rows.shape[-3]), rows)
