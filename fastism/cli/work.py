"""The work of a run: the shards that are missing, in this process or by workers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fastism.cli.cluster import hand_out
from fastism.cli.progress import Progress
from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.cli.job import Job
    from fastism.cluster.crew import Crew
    from fastism.cluster.orders import Done, Order
    from fastism.io.kept import Record
    from fastism.io.shards import Shards
    from fastism.io.work import Work


def score_missing(session: Session, job: Job, shards: Shards) -> None:
    """Score the sequences of the shards that are missing, a shard at a time."""
    from fastism.io.rows import joined
    from fastism.io.work import work_of
    from fastism.runtime.ask import first_plan
    from fastism.runtime.batch import score_batch

    record, source, plan = shards.record, job.files.source, first_plan(job.ask)
    done = 0
    with Progress(session, shards.left, "sequences") as progress:
        for work in work_of(source, record, shards.missing()):
            scored = []
            for start, batch in work.numbered():
                scored.append(
                    score_batch(
                        job.ask,
                        batch,
                        job.files.written.rows(plan, batch.inputs, start, source.count),
                        batch_size=record.batch,
                        memory=record.memory,
                        progress=progress.within(done, len(batch)),
                    )
                )
                done += len(batch)
            shards.write(work.start, job.header, joined(scored))
            progress.update(done)


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
    from fastism.cluster.orders import Order, thin
    from fastism.cluster.worker import compute
    from fastism.io.rows import Rows
    from fastism.io.work import work_of
    from fastism.runtime.ask import first_plan

    source, written, plan = job.files.source, job.files.written, first_plan(job.ask)
    asked, record = job.asked.key, shards.record

    def order(work: Work) -> Order:
        edits = [
            written.rows(plan, batch.inputs, start, source.count)
            for start, batch in work.numbered()
        ]
        thinned = [dataclasses.replace(batch, inputs=thin(batch.inputs)) for batch in work.batches]
        return Order(asked, str(shards.folder), record, job.header, work.start, thinned, edits)

    def keep(work: Work, done: Done) -> None:
        if isinstance(done.result, Rows):
            shards.write(work.start, job.header, done.result, done.machine)

    works = work_of(source, record, shards.missing())
    hand_out(crew, session, works, shards, task=compute, order=order, keep=keep)
