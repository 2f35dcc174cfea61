"""Which shard is where: each computed once, the lost given out again, the deadly set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic

from fastism.io.work import AnyPortion

MOST_LOST = 3
"""Workers that may be lost over a shard, until it is set aside."""


@dataclass(frozen=True, eq=False)
class Aside(Generic[AnyPortion]):
    """A shard that is not tried any more, and why the last try failed."""

    work: AnyPortion
    why: str


class Ledger(Generic[AnyPortion]):
    """Shards that come as they are asked for, and what became of them.

    A shard over which a worker was lost waits until all others were given out, so that a deadly one
    does not keep the rest. more: whether shards that were not given out yet may be, now.
    """

    def __init__(
        self, shards: Iterator[AnyPortion], more: Callable[[], bool] = lambda: True
    ) -> None:
        self._fresh = shards
        self._more = more
        self._again: list[AnyPortion] = []
        self._lost: Counter[int] = Counter()
        self.running: dict[str, AnyPortion] = {}
        self.aside: list[Aside[AnyPortion]] = []
        self.retries = 0

    def give(self, worker: str) -> AnyPortion | None:
        """The next shard, for a worker that has none; None where no more wait."""
        assert worker not in self.running
        blameless = [work for work in self._again if not self._lost[work.start]]
        work = blameless[0] if blameless else None
        if work is None and self._more():
            work = next(self._fresh, None)
        if work is None and self._again:
            work = self._again[0]
        if work is None:
            return None
        if work in self._again:
            self._again.remove(work)
        self.running[worker] = work
        return work

    def done(self, worker: str) -> AnyPortion:
        """The worker has computed its shard."""
        return self.running.pop(worker)

    def returned(self, worker: str) -> None:
        """The worker's shard is to be computed again, and the worker was not lost over it."""
        self._again.append(self.running.pop(worker))

    def lost(self, worker: str, why: str) -> bool:
        """The worker failed over its shard; whether that is to be tried again."""
        work = self.running.pop(worker)
        self._lost[work.start] += 1
        if self._lost[work.start] >= MOST_LOST:
            self.aside.append(Aside(work, why))
            return False
        self.retries += 1
        self._again.append(work)
        return True
