"""``run --dry-run``: what would be read, computed and written, and how long it would take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.cli.job import Job
    from fastism.io.kept import Record


def forecast(session: Session, job: Job) -> None:
    """Say what a run would do; a batch is computed twice, to time the second."""
    from fastism.io.room import in_words

    count, header, targets = job.count, job.header, job.files.targets
    sites, columns = len(header.sites), header.columns
    session.say(f"reads     {count:,} sequences of {header.length:,} positions")
    session.say(
        f"computes  {count * sites * columns:,} mutants: {sites:,} sites of every sequence, "
        f"{columns:,} alternatives at each"
    )
    for target in targets:
        size = in_words(target.format.size(header, target.options, count))
        packed = " before compression" if target.options.compression else ""
        session.say(f"writes    {target.path}, {target.format.name}, about {size}{packed}")
    kept = in_words(count * header.bytes_a_sequence)
    session.say(f"          and until it ends {kept} beside {targets[0].path}")
    seconds, timed = _seconds_a_sequence(job)
    session.say(f"takes     {_duration(seconds * count)}, by {timed} sequences that were timed")
    machines = job.request.machines
    if machines.any:
        session.say(_shards(seconds, job.record, machines.workers or 1))


def _seconds_a_sequence(job: Job) -> tuple[float, int]:
    """Seconds a sequence once all is warm, and how many sequences say so."""
    from fastism.runtime.ask import first_plan
    from fastism.runtime.batch import score_batch

    record, source, plan = job.record, job.files.source, first_plan(job.ask)
    batch = next(source.batches(record.batch, record.start))
    edits = job.files.written.rows(plan, batch.inputs, record.start, source.count)
    for _ in range(2):
        start = time.perf_counter()
        score_batch(job.ask, batch, edits, batch_size=record.batch, memory=record.memory)
        seconds = time.perf_counter() - start
    return seconds / len(batch), len(batch)


def _shards(seconds: float, record: Record, workers: int) -> str:
    """How a run is handed out to so many workers, each as fast as this process."""
    from fastism.runtime.pace import batches_a_shard

    count = record.end - record.start
    batches = batches_a_shard(
        seconds, batch=record.batch, sequences=count, workers=workers, most=count
    )
    size = record.batch * batches
    each = _duration(seconds * min(size, count))
    return (
        f"shards    {-(-count // size):,} of {size:,} sequences, {each} each on a machine like this"
    )


def _duration(seconds: float) -> str:
    """``about 12.0 s``, ``5.0 min``, ``3.5 h``, ``2.1 days``."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"about {seconds / size:,.1f} {unit}"
    return f"about {seconds:,.1f} s" if seconds >= 1 else "less than a second"
