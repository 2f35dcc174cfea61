"""Time a few schedules of a plan and keep the fastest, within a time limit.

How many pairs a chunk should hold, and whether fusing light ops pays, depends on the machine's
caches and cores; both are measured on chunks of the group's own sites.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastism.ir.graph import Attribute, Graph
from fastism.runtime.execute import Executor, Group
from fastism.runtime.inputs import random_inputs
from fastism.runtime.items import Items
from fastism.runtime.plan import Plan
from fastism.runtime.schedule import rescheduled

FACTORS = (1.0, 4.0, 0.25)
"""Chunk sizes tried, as multiples of the scheduled one."""

MOST_BYTES = 1 << 30
"""What the values of a chunk may take together, whatever its speed."""
CLEARLY = 0.95
"""A schedule is taken in place of an earlier one only if it takes this share of its time."""


@dataclass(frozen=True)
class Trial:
    """One schedule of one propagation graph, and the seconds it takes an item."""

    graph: str
    pairs: int
    fuse: bool
    seconds_an_item: float

    @property
    def schedule(self) -> Mapping[str, Attribute]:
        """The attributes of a graph scheduled like this."""
        measured = round(1e9 * self.seconds_an_item)
        return {"pairs": self.pairs, "fuse": self.fuse, "measured_ns": measured}


def tune(plan: Plan, *, seconds: float = 20.0) -> tuple[Plan, list[Trial]]:
    """A plan that gives the same scores by the fastest schedule found, and what was tried.

    seconds: stop trying once so many have passed; the schedules timed by then are compared.
    """
    deadline = time.perf_counter() + seconds
    inputs = random_inputs(plan.module.main, 1, seed=0)
    saved = plan.executor.reference(inputs)
    trials: list[Trial] = []
    for graph, pairs, fuse in _candidates(plan.executor):
        if time.perf_counter() > deadline:
            break
        changed = rescheduled(plan.module, {graph.name: {"pairs": pairs, "fuse": fuse}})
        executor = plan.executor if not fuse else Executor(changed, plan.emit(changed))
        taken = _seconds_an_item(plan, executor, graph.name, pairs, inputs, saved, deadline)
        trials.append(Trial(graph.name, pairs, fuse, taken))
    best: dict[str, Trial] = {}
    for trial in trials:  # the schedule as it is comes first, and keeps its place unless beaten
        found = best.get(trial.graph)
        if found is None or trial.seconds_an_item < CLEARLY * found.seconds_an_item:
            best[trial.graph] = trial
    chosen = {name: trial.schedule for name, trial in best.items()}
    return plan.with_module(rescheduled(plan.module, chosen)), trials


def _candidates(executor: Executor) -> Iterator[tuple[Graph, int, bool]]:
    """Schedules to time, the most promising first, the group with most sites first."""
    groups = sorted(executor.groups, key=lambda group: -len(group.sites))
    for factor in FACTORS:
        for fuse in (False, True):
            for group in groups:
                size = group.pair_bytes * group.pairs
                wanted = max(1, round(group.pairs * min(factor, MOST_BYTES / size)))
                if not fuse:
                    yield group.graph, wanted, False
                elif factor >= 1.0:
                    yield group.graph, filled(group, wanted), True


def filled(group: Group, pairs: int) -> int:
    """The most pairs, up to ``pairs``, that chunks are often full of: fused ones have one size.

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
    rows = pairs * group.workers
    site = np.repeat(np.resize(group.sites[local], rows), group.alternatives)
    alternative = np.resize(np.arange(alternatives), len(site))
    return Items(np.zeros(len(site), np.int64), site, alternative)
