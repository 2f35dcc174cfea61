"""The loop of a run on a cluster: a shard to every worker that is free, until all are done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from distributed import Future, wait
from distributed import TimeoutError as NotYet

from fastism.cluster.crew import Crew, SchedulerLostError, in_a_line
from fastism.cluster.ledger import Ledger
from fastism.cluster.orders import Call, Done, Order, VariantOrder
from fastism.errors import FastismError, InputError
from fastism.io.work import AnyPortion, named

_LOOK = 0.5
"""Seconds after which it is looked who has come and gone."""
_PATIENCE = 600.0
"""Seconds that a run waits for a scheduler that is gone."""


@dataclass
class Loop(Generic[AnyPortion]):
    """Computes the shards of a ledger, but for those that it sets aside.

    task: what a worker does, a function of fastism. order: makes what it is given for a shard.
    keep: is given every shard that is done. tell: is told how many of its unit are, and in a few
    words by whom. say: a line for a person.
    """

    crew: Crew
    ledger: Ledger[AnyPortion]
    task: Callable[[Any], Done]
    order: Callable[[AnyPortion], Order | VariantOrder | Call]
    keep: Callable[[AnyPortion, Done], object]
    tell: Callable[[int, str], object]
    say: Callable[[str], object]
    _futures: dict[str, Future] = field(default_factory=dict)
    _done: int = 0

    def run(self) -> None:
        """Raises FastismError for what a worker found that no other would do better."""
        while self.step():
            pass

    def step(self) -> bool:
        """Give out what can be, and take what is done; False where there is nothing left."""
        try:
            if any(future.status == "cancelled" for future in self._futures.values()):
                raise SchedulerLostError  # and the client has found it again by itself
            for address in self.crew.refresh():
                self._drop(address, "the worker was lost")
            if not self._give() and not self._futures:
                return False
            self._wait()
            self._collect()
        except SchedulerLostError:
            self._find_scheduler()
        self.tell(self._done, self._describe())
        return True

    def _give(self) -> bool:
        """A shard to every worker that is free; False where one is, and no shard waits."""
        for address in [each for each in self.crew.ready if each not in self._futures]:
            work = self.ledger.give(address)
            if work is None:
                return False
            self._futures[address] = self.crew.submit(self.task, self.order(work), worker=address)
        return True

    def _wait(self) -> None:
        """Until something is done, or it is time to look who is there."""
        waiting = [*self._futures.values(), *self.crew.pending()]
        if not waiting:
            time.sleep(_LOOK)
            return
        try:
            wait(waiting, timeout=_LOOK, return_when="FIRST_COMPLETED")
        except NotYet:
            pass
        except Exception as error:
            if any(future.status == "cancelled" for future in waiting):
                raise SchedulerLostError from error
            raise

    def _collect(self) -> None:
        for address, future in list(self._futures.items()):
            if future.status == "cancelled":
                raise SchedulerLostError
            if not future.done():
                continue
            error = future.exception()
            if error is None:
                self._take(address, future.result())
            else:
                self._drop(address, in_a_line(error))

    def _take(self, address: str, result: Done) -> None:
        if result.fault:
            raise FastismError(result.fault)
        if result.idle:
            self._drop(address, "the worker was started anew")
            self.crew.dismiss(address)
            return
        del self._futures[address]
        work = self.ledger.done(address)
        self.keep(work, result)
        self._done += len(work)

    def _drop(self, address: str, why: str) -> None:
        """The shard of a worker, if it has one, is to be computed again, or set aside."""
        future = self._futures.pop(address, None)
        if future is None:
            return
        future.cancel()
        work = self.ledger.running[address]
        said = f"{why} ({address})"
        aside = "" if self.ledger.lost(address, said) else ", and set aside"
        self.say(f"{named(work)} not computed{aside}: {said}")

    def _find_scheduler(self) -> None:
        self.say("the scheduler is gone: waiting for it to come back")
        for address in self._futures:
            self.ledger.returned(address)
        self._futures.clear()
        began = time.monotonic()
        while not self.crew.reconnect():
            if time.monotonic() - began > _PATIENCE:
                raise InputError(
                    f"the scheduler did not come back in {_PATIENCE / 60:.0f} minutes",
                    attempt="the same command with --resume, once it runs",
                )
            time.sleep(1.0)

    def _describe(self) -> str:
        workers, retries = len(self.crew.ready), self.ledger.retries
        again = f", {retries} computed again" if retries else ""
        return f"{workers} worker{'' if workers == 1 else 's'}{again}"
