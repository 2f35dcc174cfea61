"""How long items of a schedule take: full chunks of a group's own sites, run as in a score."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.ir.program import Group
from fastism.runtime.execute import Executor
from fastism.runtime.items import Items

SECONDS = 0.4
"""How long a schedule is run once it has run once; as often as it fits, up to three times."""
RUNS = 3
GLANCE = 4
"""The part of a chunk that shows whether a schedule is far behind: its items take hardly longer."""

Array = npt.NDArray[Any]


@dataclass
class Timed:
    """A schedule of a group, and the fastest of its runs: as many chunks as run side by side.

    inputs, saved: a sequence, and what the executor's `reference` returned for it. seconds: of the
    fastest run so far, infinite before the first.
    """

    executor: Executor
    group: Group
    pairs: int
    alternatives: Array
    inputs: Mapping[str, Any]
    saved: Mapping[str, Any]
    seconds: float = np.inf
    items: Items = field(init=False)

    def __post_init__(self) -> None:
        self.items = chunk_items(self.group, self.pairs, len(self.alternatives))

    @property
    def seconds_an_item(self) -> float:
        """Of the fastest run so far."""
        return self.seconds / len(self.items)

    def settle(
        self, *, any_size: bool = False, deadline: float = np.inf, far: float = np.inf
    ) -> None:
        """Run it once so that it compiles, and then a few times that count.

        any_size: what is compiled serves chunks of any size, so that one of a single pair will do.
        deadline: the time after which no other run begins, of `time.perf_counter`. far: seconds an
        item beyond which it is out of the running: then the best of two smaller chunks will do.
        """
        self._run(1 if any_size else self.pairs)
        if any_size and far < np.inf and self.pairs >= GLANCE:
            seconds = self._glance()
            if seconds > far:  # once more, as that may have been a slow moment
                seconds = min(seconds, self._glance())
            if seconds > far:
                self.seconds = seconds * len(self.items)
                return
        spent = 0.0
        for _ in range(RUNS):
            spent += self.once()
            if spent > SECONDS or time.perf_counter() > deadline:
                break

    def once(self) -> float:
        """Run it once more; the seconds that took."""
        start = time.perf_counter()
        self._run(self.pairs)
        taken = time.perf_counter() - start
        self.seconds = min(self.seconds, taken)
        return taken

    def _glance(self) -> float:
        """Seconds an item of a run of smaller chunks."""
        start = time.perf_counter()
        items = self._run(self.pairs // GLANCE)
        return (time.perf_counter() - start) / len(items)

    def _run(self, pairs: int) -> Items:
        alternatives = len(self.alternatives)
        items = self.items if pairs == self.pairs else chunk_items(self.group, pairs, alternatives)
        self.executor.run_chunks(
            self.group, self.inputs, self.saved, items, self.alternatives, pairs
        )
        return items


def chunk_items(group: Group, pairs: int, alternatives: int) -> Items:
    """Items of ``workers`` full chunks, from sites whose dense layers read the same rows.

    A chunk is of neighbouring sites, as in a run, and the chunks are spread over all sites: those
    near an edge may take a fraction of the time of others.
    """
    if group.keys.shape[1]:
        _, which, counts = np.unique(group.keys, axis=0, return_inverse=True, return_counts=True)
        local = np.flatnonzero(which.ravel() == counts.argmax())
    else:
        local = np.arange(len(group.sites))
    middles = (np.arange(group.workers) + 0.5) * len(local) / group.workers
    first = np.clip(middles - pairs / 2, 0, max(len(local) - pairs, 0)).astype(np.int64)
    chosen = ((first[:, None] + np.arange(pairs)) % len(local)).ravel()
    site = np.repeat(group.sites[local[chosen]], group.alternatives)
    alternative = np.resize(np.arange(alternatives), len(site))
    return Items(np.zeros(len(site), np.int64), site, alternative)
