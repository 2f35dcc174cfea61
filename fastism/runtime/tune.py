"""Time a few schedules of a plan and keep the fastest, within a time limit.

How many pairs a chunk should hold, and which of the backend's ways of running it pays, depends on
the machine's caches and cores; both are measured on chunks of the group's own sites.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastism.backends.base import VARIANTS, Variant
from fastism.ir.graph import Graph
from fastism.ir.program import Group
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan

FACTORS = (1.0, 4.0, 0.25)
"""Chunk sizes tried, as multiples of the scheduled one."""

MOST_BYTES = 1 << 30
"""What the values of a chunk may take together, whatever its speed."""
CLEARLY = 0.95
"""A schedule is taken in place of an earlier one only if it takes this share of its time."""


@dataclass(frozen=True)
class Trial:
    """One schedule of one propagation graph, and the seconds it takes an item.

    variant: how the backend ran it, if not plainly.
    """

    graph: str
    pairs: int
    variant: Variant | None
    seconds_an_item: float


def tune(plan: Plan, *, seconds: float = 20.0) -> tuple[Plan, list[Trial]]:
    """A plan that gives the same scores by the fastest schedule found, and what was tried.

    seconds: stop trying once so many have passed; the schedules timed by then are compared.
    """
    deadline = time.perf_counter() + seconds
    inputs = random_inputs(plan.module.main, 1, seed=0)
    saved = plan.executor.reference(inputs)
    program, variants = plan.executor.program, VARIANTS.get(plan.backend, ())
    trials: list[Trial] = []
    for group, pairs, variant in _candidates(plan.executor.groups, variants):
        if time.perf_counter() > deadline:
            break
        executor, name = plan.executor, group.graph.name
        if variant is not None:
            changed = program.rescheduled([_scheduled(group, pairs, variant, variants)])
            executor = Executor(changed, plan.emit(changed))
        taken = _seconds_an_item(plan, executor, name, pairs, inputs, saved, deadline)
        trials.append(Trial(name, pairs, variant, taken))
    best: dict[str, Trial] = {}
    for trial in trials:  # the schedule as it is comes first, and keeps its place unless beaten
        found = best.get(trial.graph)
        if found is None or trial.seconds_an_item < CLEARLY * found.seconds_an_item:
            best[trial.graph] = trial
    chosen = [
        _scheduled(group, trial.pairs, trial.variant, variants, trial.seconds_an_item)
        for group in program.groups
        for trial in filter(None, [best.get(group.graph.name)])
    ]
    return plan.with_module(program.rescheduled(chosen)), trials


def _scheduled(
    group: Group,
    pairs: int,
    variant: Variant | None,
    variants: Sequence[Variant],
    measured: float | None = None,
) -> Graph:
    """The group's graph run by one of the backend's variants, or plainly."""
    options = {known.option: known == variant for known in variants}
    return group.rescheduled(pairs=pairs, measured_seconds=measured, options=options)


def _candidates(
    groups: Sequence[Group], variants: Sequence[Variant]
) -> Iterator[tuple[Group, int, Variant | None]]:
    """Schedules to time, the most promising first, the group with most sites first."""
    groups = sorted(groups, key=lambda group: -len(group.sites))
    for factor in FACTORS:
        for variant in (None, *variants):
            for group in groups:
                size = group.pair_bytes * group.pairs
                wanted = max(1, round(group.pairs * min(factor, MOST_BYTES / size)))
                if variant is None or not variant.one_size:
                    yield group, wanted, variant
                elif factor >= 1.0:
                    yield group, filled(group, wanted), variant


def filled(group: Group, pairs: int) -> int:
    """The most pairs, up to ``pairs``, that chunks are often full of; for chunks all of one size.

    Sites whose dense layers read the same rows are chunked by themselves: so many of them times
    however many sequences there are, which is mostly a power of two.
    """
    if not group.keys.shape[1]:
        return pairs
    _, counts = np.unique(group.keys, axis=0, return_counts=True)
    alike = int(np.bincount(counts).argmax())
    return alike << max(pairs // alike, 1).bit_length() - 1


def _seconds_an_item(
    plan: Plan,
    executor: Executor,
    graph: str,
    pairs: int,
    inputs: Mapping[str, Any],
    saved: Mapping[str, Any],
    deadline: float,
) -> float:
    """The best of a few timed runs of as many chunks as run side by side."""
    (group,) = [group for group in executor.groups if group.graph.name == graph]
    items = _items(executor, group, pairs, len(plan.alternatives))
    best = np.inf
    for attempt in range(4):
        start = time.perf_counter()
        executor.run_chunks(group, inputs, saved, items, plan.alternatives, pairs)
        taken = time.perf_counter() - start
        if attempt:  # the first run traces and compiles
            best = min(best, taken)
        if time.perf_counter() > deadline and attempt:
            break
    return float(best) / len(items)


def _items(executor: Executor, group: Group, pairs: int, alternatives: int) -> Items:
    """Items of ``workers`` full chunks, from sites whose dense layers read the same rows."""
    if group.keys.shape[1]:
        _, which, counts = np.unique(group.keys, axis=0, return_inverse=True, return_counts=True)
        local = np.flatnonzero(which.ravel() == counts.argmax())
    else:
        local = np.arange(len(group.sites))
    full = pairs * group.workers
    site = np.repeat(np.resize(group.sites[local], full), group.alternatives)
    alternative = np.resize(np.arange(alternatives), len(site))
    return Items(np.zeros(len(site), np.int64), site, alternative)
