"""``fastism run``: sequences in, scores out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastism.cli.edits import Written
from fastism.cli.options import PATH, force_option, load_custom_objects, model_options, parse_memory
from fastism.cli.progress import Progress
from fastism.cli.sequences import Given, sequence_options
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.manifest import JSON
    from fastism.io.sources.base import Source
    from fastism.runtime.plan import Array, Plan

_USUAL_BATCH = 32


@click.command(short_help="Score every mutation of every sequence.")
@click.argument("plan", type=PATH)
@sequence_options
@click.option("-o", "--output", type=PATH, required=True, help="HDF5 file the scores go to.")
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
    "--compression",
    type=click.Choice(["none", "gzip"]),
    default="none",
    show_default=True,
    help="Of the output file.",
)
@model_options
@force_option
@pass_session
def run(
    session: Session,
    plan: Path,
    given: Given,
    output: Path,
    batch_size: int,
    memory: str | None,
    alternatives: str | None,
    compression: str,
    custom_objects: str | None,
    unsafe: bool,
    force: bool,
) -> None:
    """Run PLAN on every sequence of a FASTA file and write the scores.

    The output appears only once it is whole; OUTPUT.args.json beside it records this command.
    """
    from fastism.io.manifest import read_manifest
    from fastism.io.scores import check_scores_target
    from fastism.io.whole import check_not_read

    wanted = None if memory is None else parse_memory(memory)
    letters, manifest = given.letters, read_manifest(plan)
    check_not_read(output, plan, *given.read)
    check_scores_target(output, force=force)
    written = Written.parse(alternatives, letters)
    source = given.open(manifest)
    for sentence in source.notes:
        session.note(sentence)
    objects = load_custom_objects(custom_objects)

    session.load_tensorflow()
    from fastism import api
    from fastism.runtime.memory import default_memory

    budget = default_memory() if wanted is None else wanted
    loaded = api.load(plan, custom_objects=objects, unsafe=unsafe)
    layout = written.layout(loaded, source.count)
    arguments: dict[str, JSON] = {
        "plan": str(plan),
        **given.arguments,
        "output": str(output),
        "batch_size": batch_size,
        "memory": memory,
        "alternatives": alternatives,
        "compression": compression,
    }
    score_file(
        session,
        loaded,
        source,
        output,
        batch=fit_batch(loaded, batch_size, budget // 2, layout),
        memory=budget // 2,
        alphabet=letters,
        written=written,
        arguments=arguments,
        compression=None if compression == "none" else compression,
        force=force,
    )
    session.note(f"wrote {output}: {source.count:,} sequences")


def fit_batch(plan: Plan, batch: int, budget: int, alternatives: Array) -> int:
    """Sequences at a time whose scores and reference activations fit ``budget`` bytes.

    alternatives: as `Written.layout` gives them. Raises InputError if not one does.
    """
    columns = len(plan.module.sites or ()) * alternatives.shape[-3]
    own = 0 if alternatives.ndim == 3 else math.prod(alternatives.shape[1:])
    values = sum(math.prod(shape) for shape in plan.output_shapes.values()) * (columns + 1)
    kept = sum(plan.module.main.values[name].type.bytes for name in plan.module.main.outputs)
    one: int = 4 * (values + plan.length * plan.channels + own) + kept
    if one > budget:
        raise InputError(
            f"the scores of one sequence take {one:,} bytes, and --memory leaves {budget:,}",
            attempt=f"--memory {math.ceil(2 * one / 2**20)}M, or fewer sites when compiling",
        )
    return min(batch, budget // one)


def score_file(
    session: Session,
    plan: Plan,
    source: Source,
    output: Path,
    *,
    batch: int,
    memory: int,
    alphabet: str,
    written: Written,
    arguments: dict[str, JSON],
    compression: str | None,
    force: bool,
) -> None:
    """Score the sequences of a source, batch by batch, into a scores file."""
    import numpy as np

    from fastism.io.scores import ScoresWriter

    sites = plan.module.sites
    starts = np.asarray(sites.starts if sites else (), np.int64)
    writer = ScoresWriter(
        output,
        outputs=plan.output_shapes,
        sites=np.stack([starts, np.full_like(starts, sites.width if sites else 1)], axis=1),
        alternatives=written.layout(plan, source.count),
        length=plan.length,
        alphabet=alphabet,
        model=(plan.module.model, plan.module.sha256),
        arguments=arguments,
        compression=compression,
        force=force,
    )
    with writer, Progress(session, source.count, "sequences") as progress:
        done = 0
        for part in source.batches(batch):
            names, x = part.names, part.inputs
            inner = progress.within(done, len(names))
            edits = written.rows(plan, x, done, source.count)
            scores = plan(x, alternatives=edits, batch_size=batch, memory=memory, progress=inner)
            by_name = {
                name: (scores[name].reference, scores[name].alternate) for name in plan.output_names
            }
            writer.append(names, x[plan.module.seq_input], by_name, edits)
            done += len(names)
            progress.update(done)
