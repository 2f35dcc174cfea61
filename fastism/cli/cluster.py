"""``--workers`` and ``--cluster``: the same run on many processes or machines."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.edits import Written
from fastism.cli.progress import Progress
from fastism.cli.session import Session
from fastism.errors import InputError, require_extra

if TYPE_CHECKING:
    from fastism.cluster.crew import Crew
    from fastism.cluster.ledger import Aside
    from fastism.cluster.orders import Done, Order, PlanAt
    from fastism.io.header import Header
    from fastism.io.shards import Record, Shards
    from fastism.io.sources.base import Source
    from fastism.io.work import Work
    from fastism.runtime.plan import Plan

Command = TypeVar("Command", bound=Callable[..., Any])

_SEEN_WITHIN = 60.0
"""Seconds until a file that another machine wrote must be seen here."""
_MOST_NAMED = 5


@dataclass(frozen=True)
class Machines:
    """What the options of `cluster_options` say."""

    workers: int | None
    cluster: str | None

    @property
    def any(self) -> bool:
        """Whether others than this process are to compute."""
        return self.workers is not None or self.cluster is not None

    @contextmanager
    def crew(self, session: Session, plan: PlanAt) -> Iterator[Crew | None]:
        """Workers that have taken up a plan; None where this process does the work itself.

        Raises InputError where both options are given, or no worker can be had.
        """
        if not self.any:
            yield None
            return
        if self.workers is not None and self.cluster is not None:
            raise InputError("--workers are processes of this machine, and --cluster has its own")
        option = "--cluster" if self.workers is None else "--workers"
        require_extra("cluster", option, "distributed")
        from fastism.cluster import connect
        from fastism.cluster.crew import Crew

        place = (
            connect.running(self.cluster, verbose=session.verbose)
            if self.cluster is not None
            else connect.local(self.workers or 1, verbose=session.verbose)
        )
        with place as connected:
            crew = Crew(connected, plan, session.note)
            try:
                crew.assemble()
                yield crew
            finally:
                crew.close()


def cluster_options(command: Command) -> Command:
    """``--workers`` and ``--cluster``, handed to the command as ``machines``."""

    @functools.wraps(command)
    def gathered(*arguments: Any, workers: int | None, cluster: str | None, **options: Any) -> Any:
        return command(*arguments, machines=Machines(workers, cluster), **options)

    workers = click.option(
        "--workers",
        type=click.IntRange(min=1),
        metavar="N",
        help="Compute in N processes of this machine, which share its cores and memory.",
    )
    cluster = click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Compute on the workers of a Dask scheduler, as tcp://host:8786 (docs/cluster.md).",
    )
    return workers(cluster(gathered))  # type: ignore[return-value]


def spread(
    record: Record,
    crew: Crew,
    plan: Plan,
    header: Header,
    batch_size: int,
    memory: int | None,
) -> Record:
    """The record of a run as it is for these workers.

    batch_size, memory: as they were asked for; memory by what a worker may take, if it was not.
    """
    from fastism.runtime.pace import batches_a_shard, fit_batch, seconds_a_sequence

    budget = (crew.memory() if memory is None else memory) // 2
    batch = fit_batch(plan, batch_size, budget, header.alternatives)
    batches = batches_a_shard(
        seconds_a_sequence(plan, header.columns),
        batch=batch,
        sequences=record.end - record.start,
        workers=crew.size,
        most=fit_batch(plan, record.sequences, budget, header.alternatives),
    )
    return dataclasses.replace(record, batch=batch, memory=budget, batches=batches)


def score_missing_by(
    crew: Crew,
    session: Session,
    plan: Plan,
    source: Source,
    shards: Shards,
    header: Header,
    written: Written,
) -> None:
    """Let workers score the sequences of the shards that are missing.

    Raises InputError where shards were set aside, once all others are done.
    """
    from fastism.cluster.ledger import Ledger
    from fastism.cluster.orders import Order, thin
    from fastism.cluster.score import Loop
    from fastism.cluster.worker import compute
    from fastism.io.rows import Rows
    from fastism.io.work import work_of

    record, stretches = shards.record, shards.missing()
    total = sum(stop - start for start, stop in stretches)
    if total < record.end - record.start:
        session.note(f"going on: {shards.describe()}")

    def order(work: Work) -> Order:
        edits = [
            written.rows(plan, batch.inputs, start, source.count)
            for start, batch in work.numbered()
        ]
        return Order(
            str(header.attributes["plan_sha256"]),
            str(shards.folder),
            record,
            header,
            work.start,
            [dataclasses.replace(batch, inputs=thin(batch.inputs)) for batch in work.batches],
            edits,
        )

    def keep(work: Work, done: Done) -> None:
        if isinstance(done.result, Rows):
            shards.write(work.start, header, done.result, done.machine)

    ledger = Ledger(work_of(source, record, stretches))
    with Progress(session, total, "sequences") as progress:
        Loop(crew, ledger, compute, order, keep, progress.update, session.note).run()
    if ledger.aside:
        raise _set_aside(ledger.aside)
    _wait_until_seen(shards)


def _set_aside(aside: list[Aside]) -> InputError:
    from fastism.cluster.orders import describe

    named = [describe(each.work.start, len(each.work)) for each in aside]
    more = f" and {len(named) - _MOST_NAMED} more shards" if len(named) > _MOST_NAMED else ""
    return InputError(
        f"set aside: {', '.join(named[:_MOST_NAMED])}{more}",
        why=f"three workers failed over each; the last time: {aside[0].why}",
        attempt="--resume, which tries them again, with more memory for each worker; the rest is "
        "done",
    )


def _wait_until_seen(shards: Shards) -> None:
    """Shards that other machines wrote may be seen here a while later. Raises InputError if not."""
    deadline = time.monotonic() + _SEEN_WITHIN
    while missing := shards.missing():
        if time.monotonic() > deadline:
            start, stop = missing[0]
            raise InputError(
                f"workers wrote the scores of sequences {start + 1:,} to {stop:,}, and "
                f"{shards.folder} does not have them",
                attempt="--resume, which computes them again",
            )
        time.sleep(1.0)
