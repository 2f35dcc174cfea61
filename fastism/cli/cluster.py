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

from fastism.cli.progress import Progress
from fastism.cli.session import Session
from fastism.errors import InputError, require_extra

if TYPE_CHECKING:
    from fastism.cli.job import Job
    from fastism.cluster.crew import Crew
    from fastism.cluster.ledger import Aside
    from fastism.cluster.orders import Asked, Done, Order
    from fastism.io.shards import Record, Shards
    from fastism.io.work import Work

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

    def check(self) -> None:
        """Raise InputError where both options are given, or what they need is not installed."""
        if self.workers is not None and self.cluster is not None:
            raise InputError("--workers are processes of this machine, and --cluster has its own")
        if self.any:
            option = "--cluster" if self.workers is None else "--workers"
            require_extra("cluster", option, "distributed")

    @contextmanager
    def crew(self, session: Session, job: Job) -> Iterator[Crew | None]:
        """Workers that have taken up the plans; None where this process does the work itself.

        Raises InputError where no worker can be had.
        """
        if not self.any:
            yield None
            return
        from fastism.cluster import connect
        from fastism.cluster.crew import Crew

        place = (
            connect.running(self.cluster, verbose=session.verbose)
            if self.cluster is not None
            else connect.local(self.workers or 1, verbose=session.verbose)
        )
        with place as connected:
            crew = Crew(connected, asked_of(job), session.note)
            try:
                crew.assemble()
                yield crew
            finally:
                crew.close()


def asked_of(job: Job) -> Asked:
    """What the workers of a run take up."""
    request = job.request
    return request.members.for_workers(
        request.given.letters, request.custom_objects, request.unsafe
    )


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


def spread(job: Job, crew: Crew) -> Record:
    """The record of a run as it is for these workers."""
    from fastism.runtime.pace import batches_a_shard, fit_batch, seconds_a_sequence

    memory, alternatives = job.request.budget, job.header.alternatives
    budget = (crew.memory() if memory is None else memory) // 2
    batch = fit_batch(job.ask, job.request.batch_size, budget, alternatives)
    batches = batches_a_shard(
        seconds_a_sequence(job.ask, job.header.columns),
        batch=batch,
        sequences=job.count,
        workers=crew.size,
        most=fit_batch(job.ask, job.count, budget, alternatives),
    )
    return dataclasses.replace(job.record, batch=batch, memory=budget, batches=batches)


def score_missing_by(crew: Crew, session: Session, job: Job, shards: Shards) -> None:
    """Let workers score the sequences of the shards that are missing.

    Raises InputError where shards were set aside, once all others are done.
    """
    from fastism.cluster.ledger import Ledger
    from fastism.cluster.orders import Order, thin
    from fastism.cluster.score import Loop
    from fastism.cluster.worker import compute
    from fastism.io.rows import Rows
    from fastism.io.work import work_of
    from fastism.runtime.ask import first_plan

    source, written, plan = job.files.source, job.files.written, first_plan(job.ask)
    asked, record, stretches = asked_of(job).key, shards.record, shards.missing()
    total = sum(stop - start for start, stop in stretches)
    if total < job.count:
        session.note(f"going on: {shards.describe()}")

    def order(work: Work) -> Order:
        edits = [
            written.rows(plan, batch.inputs, start, source.count)
            for start, batch in work.numbered()
        ]
        return Order(
            asked,
            str(shards.folder),
            record,
            job.header,
            work.start,
            [dataclasses.replace(batch, inputs=thin(batch.inputs)) for batch in work.batches],
            edits,
        )

    def keep(work: Work, done: Done) -> None:
        if isinstance(done.result, Rows):
            shards.write(work.start, job.header, done.result, done.machine)

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
