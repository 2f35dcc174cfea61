"""How many sequences go together: in a batch, by memory, and in a shard, by time."""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

from fastism.errors import InputError
from fastism.runtime.ask import Ask, first_plan, members_of
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.plan import Plan

SECONDS = 20.0
"""What a shard should take: long beside what it costs to hand out, short enough to lose."""
_ROUNDS = 4
"""Shards a worker, at least, so that no worker waits long for the last one."""
_MOST_SHARDS = 20_000
"""Files that a folder still lists quickly: longer runs have longer shards."""


def fit_batch(ask: Ask, batch: int, budget: int, alternatives: npt.NDArray[Any]) -> int:
    """Sequences at a time whose scores and reference activations fit ``budget`` bytes.

    alternatives: as `Header` has them. Raises InputError if not one does.
    """
    plan, copies = first_plan(ask), _copies(ask)
    columns = len(plan.module.sites or ()) * alternatives.shape[-3]
    own = 0 if alternatives.ndim == 3 else math.prod(alternatives.shape[1:])
    values = sum(math.prod(shape) for shape in plan.output_shapes.values()) * (columns + 1)
    kept = sum(plan.module.main.values[name].type.bytes for name in plan.module.main.outputs)
    one: int = 4 * (copies * values + plan.length * plan.channels + own) + kept
    if one > budget:
        raise InputError(
            f"the scores of one sequence take {one:,} bytes, and --memory leaves {budget:,}",
            attempt=f"--memory {math.ceil(2 * one / 2**20)}M, or fewer sites when compiling",
        )
    return min(batch, budget // one)


def _copies(ask: Ask) -> int:
    """How many times the scores of a batch are held while it is computed."""
    return 6 if isinstance(ask, Ensemble) else 2 if isinstance(ask, BothStrands) else 1


def seconds_a_sequence(ask: Ask, alternatives: int) -> float:
    """What a sequence takes: as timed when plans were tuned, else as their cost model says."""
    total = 0.0
    for member in members_of(ask):
        strands = 2 if isinstance(member, BothStrands) else 1
        total += strands * _seconds_of_plan(first_plan(member), alternatives)
    return total


def _seconds_of_plan(plan: Plan, alternatives: int) -> float:
    total = 0.0
    for group in plan.executor.groups:
        measured = group.measured_seconds
        an_item = group.predicted_seconds if measured is None else measured
        total += (an_item or 0.0) * len(group.sites) * alternatives
    return total


def batches_a_shard(seconds: float, *, batch: int, sequences: int, workers: int, most: int) -> int:
    """How many batches a shard holds, at least one.

    seconds: that a sequence takes. sequences: how many there are. most: that may be held at a time.
    """
    whole = -(-sequences // batch)
    wanted = max(int(SECONDS / max(seconds * batch, 1e-9)), -(-whole // _MOST_SHARDS))
    return max(1, min(wanted, whole // (_ROUNDS * workers), most // batch))
