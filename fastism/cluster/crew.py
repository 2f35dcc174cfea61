"""The workers of a run: who is there, who has taken up the plans, and who is refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from distributed import Client, Future
from distributed import TimeoutError as TimedOut

from fastism.cluster.connect import Connect
from fastism.cluster.ledger import MOST_LOST
from fastism.cluster.orders import Asked, Standing
from fastism.cluster.packed import pack
from fastism.cluster.worker import take_up
from fastism.errors import InputError, PlanError
from fastism.runtime.memory import default_memory


class SchedulerLostError(Exception):
    """The scheduler does not answer any more."""


class Crew:
    """Workers by address, each asked to take up the plans as soon as it is there.

    ready: those that have. say: told, in a line, who is refused and what is waited for.
    """

    def __init__(self, connect: Connect, asked: Asked, say: Callable[[str], object]) -> None:
        self._connect, self._plans, self._say = connect, asked, say
        self.client: Client = connect()
        self.ready: dict[str, Standing] = {}
        self._asked: dict[str, Future] = {}
        self._refused: dict[str, str] = {}
        self._packed: list[dict[str, bytes]] | None = None
        self._died = 0
        self._waited = False

    def refresh(self) -> list[str]:
        """Look who is there, and return those that are ready no more.

        Raises SchedulerLostError; and InputError where no worker can be used, or each dies over the
        plans.
        """
        there = self._there()
        self._forget_missing(there)
        for address in there:
            known = address in self.ready or address in self._asked or address in self._refused
            if not known:
                self._ask(address)
        for address, future in list(self._asked.items()):
            if future.done():
                self._hear(address, future)
        gone = [address for address in self.ready if address not in there]
        for address in gone:
            del self.ready[address]
        self._check_hope(there)
        return gone

    def assemble(self) -> None:
        """Return once a worker is ready. Raises InputError where none will be."""
        while not self.ready:
            try:
                self.refresh()
            except SchedulerLostError:
                raise InputError(
                    "the scheduler is gone", attempt="the same command, once it runs"
                ) from None
            time.sleep(0.1)

    @property
    def size(self) -> int:
        """How many workers there are, those included that still take up the plans."""
        return len(self.ready) + len(self._asked)

    def memory(self) -> int:
        """Bytes for a run in each worker: a quarter of the least that one may take."""
        limits = [each.memory for each in self.ready.values() if each.memory]
        return min(limits) // 4 if limits else default_memory()

    def pending(self) -> Iterable[Future]:
        """What workers that take up the plans are busy with."""
        return self._asked.values()

    def dismiss(self, address: str) -> None:
        """Ask a worker anew, which has lost what it had taken up."""
        self.ready.pop(address, None)

    def submit(self, function: Callable[..., Any], *arguments: Any, worker: str) -> Future:
        """Let one worker, and no other, run a function of this package."""
        return self.client.submit(
            function, *arguments, workers=[worker], allow_other_workers=False, pure=False
        )

    def reconnect(self) -> bool:
        """Try to find the scheduler again; whether it answers. All workers are new then."""
        self.close()
        self.ready.clear()
        self._asked.clear()
        self._refused.clear()
        try:
            self.client = self._connect()
        except (OSError, ValueError):
            return False
        return True

    def leave(self) -> None:
        """Drop what workers still load; the client stays."""
        for future in self._asked.values():
            future.cancel()

    def close(self) -> None:
        """Leave the cluster; what is running there is dropped."""
        self.client.close(timeout=5)

    def _there(self) -> set[str]:
        if self.client.status != "running":
            raise SchedulerLostError
        try:
            return set(self.client.nthreads())
        except (OSError, TimedOut) as error:
            raise SchedulerLostError from error

    def _forget_missing(self, there: set[str]) -> None:
        for address in [address for address in self._asked if address not in there]:
            self._asked.pop(address).cancel()
            self._died += 1
        for address in [address for address in self._refused if address not in there]:
            del self._refused[address]

    def _ask(self, address: str) -> None:
        self._asked[address] = self.submit(take_up, self._plans, self._packed, worker=address)

    def _hear(self, address: str, future: Future) -> None:
        del self._asked[address]
        if future.status == "cancelled":
            raise SchedulerLostError
        error = future.exception()
        standing = future.result() if error is None else Standing(address, refused=in_a_line(error))
        if standing.needs_plan:
            try:
                paths = [Path(plan.path) for plan in self._plans.plans]
                self._packed = self._packed or list(map(pack, paths))
            except OSError as problem:
                raise PlanError(f"a plan cannot be read: {problem}") from problem
            self._ask(address)
        elif standing.refused:
            self._refused[address] = standing.refused
            self._say(f"the worker {address} is refused: {standing.refused}")
        else:
            self.ready[address] = standing

    def _check_hope(self, there: set[str]) -> None:
        if self.ready or self._asked:
            self._died = 0 if self.ready else self._died
            return
        if there and there == set(self._refused):
            raise InputError(
                "no worker can be used",
                why="; ".join(sorted(set(self._refused.values()))),
                attempt="the same packages on every machine as here",
            )
        if self._died >= MOST_LOST:
            what = "the plan" if len(self._plans.plans) == 1 else "the plans"
            raise InputError(
                f"{self._died} workers died while they loaded {what}",
                attempt="more memory for each worker, or fewer workers",
            )
        if not self._waited:
            self._waited = True
            self._say("waiting for workers")


def in_a_line(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    said = (str(error).strip() or "no message").splitlines()[0]
    return f"{type(error).__name__}: {said}"
