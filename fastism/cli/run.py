"""``fastism run``: sequences in, scores out."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastism.cli.cluster import Machines, cluster_options, score_missing_by, spread
from fastism.cli.edits import Written
from fastism.cli.forecast import forecast
from fastism.cli.members import Members, member_options
from fastism.cli.options import (
    PATH,
    architecture_option,
    check_model_file,
    load_architecture,
    load_custom_objects,
    model_options,
    parse_memory,
)
from fastism.cli.outputs import Wanted, on_genome, output_options
from fastism.cli.progress import Progress
from fastism.cli.receipt import check_run, check_same_model, compiled_check
from fastism.cli.sequences import Given, sequence_options
from fastism.cli.session import Session, pass_session
from fastism.cli.shard import parse_shard, shard_option

if TYPE_CHECKING:
    from fastism.io.header import Header
    from fastism.io.manifest import JSON
    from fastism.io.shards import Shards
    from fastism.io.sources.base import Source
    from fastism.runtime.batch import Ask
    from fastism.runtime.plan import Plan

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
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the run that was stopped; begin it where none was.",
)
@shard_option
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what would be read, computed and written, and how long it would take.",
)
@click.option(
    "-m",
    "--model",
    type=PATH,
    help="The model file: some of this run's scores are held against it before they are written.",
)
@cluster_options
@model_options
@architecture_option
@pass_session
def run(
    session: Session,
    members: Members,
    given: Given,
    wanted: Wanted,
    batch_size: int,
    memory: str | None,
    alternatives: str | None,
    resume: bool,
    shard: str | None,
    dry_run: bool,
    model: Path | None,
    machines: Machines,
    custom_objects: str | None,
    unsafe: bool,
    architecture: str | None,
) -> None:
    """Run PLAN on every sequence and write the scores.

    Of several plans, such as the folds of a cross-validation, the scores are the mean; how far they
    are apart is in .h5 and .zarr files.

    The outputs appear together, once they are whole; OUTPUT.args.json beside each records this
    command. Until then what is done is kept in OUTPUT.partial, and --resume goes on with it.
    """
    from fastism.cluster.orders import PlanAt
    from fastism.io.manifest import read_manifest
    from fastism.io.partial import partial_path
    from fastism.io.parts import ATTRIBUTE, Part
    from fastism.io.room import disk_taken
    from fastism.io.shards import Record, Shards
    from fastism.io.versions import versions
    from fastism.io.whole import absolute
    from fastism.io.writers.publish import are_whole, check_all, claims, publish

    budgeted = None if memory is None else parse_memory(memory)
    plan = members.first
    letters, manifest = given.letters, read_manifest(plan)
    members.check(model=model is not None, machines=machines.any)
    targets = wanted.targets(*members.paths, *given.read)
    Shards.clear_ended([target.path for target in targets])
    renaming = resume and Shards.renaming(targets[0].path)
    for target in targets:
        target.check(force=wanted.force or resume)
    share = parse_shard(shard, targets)
    written = Written.parse(alternatives, letters)
    source = given.open(manifest)
    targets = on_genome(targets, source.chromosomes)
    for sentence in source.notes:
        session.note(sentence)
    objects = load_custom_objects(custom_objects)
    if model is not None:
        check_model_file(model)
    build = load_architecture(architecture)

    session.load_tensorflow()
    from fastism import api
    from fastism.runtime.header import header_of
    from fastism.runtime.memory import default_memory
    from fastism.runtime.pace import fit_batch

    load = partial(api.load, custom_objects=objects, unsafe=unsafe)
    loaded = load(plan)
    ask = members.ask(loaded, load, letters)
    live = None
    if model is not None:
        from fastism.frontends.models import loaded as loaded_model

        check_same_model(plan, loaded.stages[0], model)
        live = loaded_model(model, custom_objects=objects, unsafe=unsafe, architecture=build)
    session.note_device()
    arguments: dict[str, JSON] = {
        **members.arguments,
        **given.arguments,
        **wanted.arguments,
        "batch_size": batch_size,
        "memory": memory,
        "alternatives": alternatives,
    }
    hashes = {**members.hashes, "sequences_sha256": source.identity}
    identity: dict[str, JSON] = {
        **members.identity,
        "the sequences": hashes["sequences_sha256"],
        "the alphabet": letters,
        "--alternatives": written.identity or alternatives,
        **versions(),
    }
    start, stop = 0, source.count
    if share is not None:
        start, stop = share.bounds(source.count, batch_size)
        run = {**identity, "--batch-size": batch_size}
        hashes[ATTRIBUTE] = Part(share, start, stop, source.count, run).text()
    header = header_of(
        loaded,
        alternatives=written.layout(loaded, source.count),
        alphabet=letters,
        arguments=arguments,
        regions=source.chromosomes is not None,
        one_hot=source.one_hot,
        deviations=len(members.paths) > 1,
        **hashes,
    ).with_attributes(members.facts(ask) or compiled_check(loaded))
    names = ", ".join(str(target.path) for target in targets)
    if resume and not renaming and are_whole(targets, header):
        session.note(f"whole already: {names}")
        return
    kept = disk_taken(partial_path(targets[0].path)) if resume else 0
    check_all(
        targets,
        header,
        stop - start,
        force=wanted.force or renaming,
        beside=max(0, (stop - start) * header.bytes_a_sequence - kept),
    )
    budget = (default_memory() if budgeted is None else budgeted) // 2
    record = Record(
        identity={**identity, "--shard": shard},
        sequences=source.count,
        batch=fit_batch(loaded, batch_size, budget, header.alternatives, members.copies),
        memory=budget,
        start=start,
        stop=stop,
    )
    if dry_run:
        forecast(session, loaded, source, header, record, targets, written, machines, ask)
        return
    taken_up = PlanAt(
        str(absolute(plan)), hashes["plan_sha256"], versions(), custom_objects, unsafe
    )
    with claims(targets) as folders, machines.crew(session, taken_up) as crew:
        if crew is not None:
            record = spread(record, crew, loaded, header, batch_size, budgeted)
        first = targets[0].path
        shards = Shards.begin(folders[0], first, record, resume=resume, force=wanted.force)
        with shards.kept_if_stopped(session.note):
            if crew is None:
                score_missing(session, loaded, source, shards, header, written, ask)
            else:
                score_missing_by(crew, session, loaded, source, shards, header, written)
            if live is not None:
                receipt = check_run(session, loaded, live, source, shards, written)
                header = header.with_attributes(receipt)
            publish(
                targets,
                folders,
                shards.whole_header(header),
                shards.blocks(),
                stop - start,
                force=wanted.force or renaming,
                begun=shards.begun,
            )
        shards.clear()
    session.note(f"wrote {names}: {stop - start:,} sequences")


def score_missing(
    session: Session,
    plan: Plan,
    source: Source,
    shards: Shards,
    header: Header,
    written: Written,
    ask: Ask,
) -> None:
    """Score the sequences of the shards that are missing, a shard at a time."""
    from fastism.io.rows import joined
    from fastism.io.work import work_of
    from fastism.runtime.batch import score_batch

    record = shards.record
    stretches = shards.missing()
    total = sum(stop - start for start, stop in stretches)
    if total < record.end - record.start:
        session.note(f"going on: {shards.describe()}")
    done = 0
    with Progress(session, total, "sequences") as progress:
        for work in work_of(source, record, stretches):
            scored = []
            for start, batch in work.numbered():
                scored.append(
                    score_batch(
                        plan,
                        batch,
                        written.rows(plan, batch.inputs, start, source.count),
                        ask=ask,
                        batch_size=record.batch,
                        memory=record.memory,
                        progress=progress.within(done, len(batch)),
                    )
                )
                done += len(batch)
            shards.write(work.start, header, joined(scored))
            progress.update(done)
