"""The work of a run in this process: the shards that are missing, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastism.cli.progress import Progress
from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.cli.job import Job
    from fastism.io.shards import Shards


def score_missing(session: Session, job: Job, shards: Shards) -> None:
    """Score the sequences of the shards that are missing, a shard at a time."""
    from fastism.io.rows import joined
    from fastism.io.work import work_of
    from fastism.runtime.ask import first_plan
    from fastism.runtime.batch import score_batch

    record, source, plan = shards.record, job.files.source, first_plan(job.ask)
    stretches = shards.missing()
    total = sum(stop - start for start, stop in stretches)
    if total < job.count:
        session.note(f"going on: {shards.describe()}")
    done = 0
    with Progress(session, total, "sequences") as progress:
        for work in work_of(source, record, stretches):
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
