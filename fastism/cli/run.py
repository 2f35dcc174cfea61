"""``fastism run``: sequences in, scores out."""

from __future__ import annotations

from typing import Any

import click

from fastism.cli.cluster import cluster_options
from fastism.cli.forecast import forecast
from fastism.cli.job import Files, Job, Request
from fastism.cli.members import member_options
from fastism.cli.options import (
    PATH,
    architecture_option,
    model_options,
    resume_option,
    signature_option,
)
from fastism.cli.outputs import output_options
from fastism.cli.receipt import check_run
from fastism.cli.sequences import sequence_options
from fastism.cli.session import Session, pass_session
from fastism.cli.shard import shard_option
from fastism.cli.underway import underway
from fastism.cli.work import score_missing, score_missing_by, spread

_USUAL_BATCH = 32


@click.command(short_help="Score every mutation of every sequence.")
@member_options
@sequence_options
@output_options
@click.option(
    "-bs",
    "--batch-size",
    type=click.IntRange(min=1),
    default=_USUAL_BATCH,
    show_default=True,
    help="Sequences at a time.",
)
@click.option(
    "--memory",
    metavar="SIZE",
    help="Most a run may take for windows and scores (2GB); default: a quarter of what is free.",
)
@click.option(
    "--alternatives",
    metavar="TEXT",
    help="What is written at a site, instead of what the plan was compiled with: as for compile; "
    "shuffle:20[:SEED], the site in 20 random orders; or rows by sequence in a .npy file, "
    "(N, A, width, C) or (N, S, A, width, C).",
)
@resume_option
@shard_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be read, computed and written, and how long it would take.",
)
@click.option(
    "-m",
    "--model",
    "models",
    type=PATH,
    multiple=True,
    help="The model file: some of this run's scores are held against it before they are written. "
    "Of several plans, one for each, in their order.",
)
@cluster_options
@model_options
@architecture_option
@signature_option
@pass_session
def run(session: Session, /, dry_run: bool, **options: Any) -> None:
    """Run PLAN on every sequence and write the scores.

    Of several plans, such as the folds of a cross-validation, the scores are the mean; how far they
    are apart is in .h5 and .zarr files.

    The outputs appear together, once they are whole; OUTPUT.args.json beside each records this
    command. Until then what is done is kept in OUTPUT.partial, and --resume goes on with it.
    """
    request = Request(**options)
    files = Files.checked(request)
    for sentence in files.source.notes:
        session.note(sentence)
    job = Job.prepared(session, request, files)
    if job.is_whole():
        session.note(f"whole already: {files.names}")
        return
    job.check()
    if dry_run:
        session.note_device()
        forecast(session, job)
    else:
        perform(session, job)


def perform(session: Session, job: Job) -> None:
    """Score what is not scored yet, and write all targets."""
    from fastism.io.shards import Shards
    from fastism.io.writers.publish import publish

    request, files, header = job.request, job.files, job.header
    paths = [target.path for target in files.targets]
    how = {"resume": request.resume, "force": request.wanted.force}
    begun = underway(session, job, Shards, paths, request.machines, spread, **how)
    with begun as (shards, crew, folders):
        if crew is None:
            session.note_device()
            score_missing(session, job, shards)
        else:
            score_missing_by(crew, session, job, shards)
        if job.models:
            held = job.ask, job.models, files.source, shards, files.written
            header = header.with_attributes(check_run(session, *held))
        publish(
            files.targets,
            folders,
            shards.whole_header(header),
            shards.blocks(),
            job.count,
            force=job.force,
            begun=shards.begun,
        )
    session.note(f"wrote {files.names}: {job.count:,} sequences")
