"""``fastism run``: sequences in, scores out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.edits import Written
from fastism.cli.options import PATH, force_option, load_custom_objects, model_options, parse_memory
from fastism.cli.progress import Progress
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.manifest import JSON
    from fastism.runtime.plan import Array, Plan

_USUAL_BATCH = 32


@click.command(short_help="Score every mutation of every sequence.")
@click.argument("plan", type=PATH)
@click.option("-s", "--sequences", type=PATH, required=True, help="FASTA file, plain or gzip.")
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
@click.option("--alphabet", default="ACGT", show_default=True, help="Letters of the channels.")
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
    sequences: Path,
    output: Path,
    batch_size: int,
    memory: str | None,
    alphabet: str,
    alternatives: str | None,
    compression: str,
    custom_objects: str | None,
    unsafe: bool,
    force: bool,
) -> None:
    """Run PLAN on every sequence of a FASTA file and write the scores.

    The output appears only once it is whole; OUTPUT.args.json beside it records this command.
    """
    from fastism.io.alphabet import Alphabet, describe_ambiguous
    from fastism.io.fasta import survey_fasta
    from fastism.io.manifest import read_manifest
    from fastism.io.scores import check_scores_target
    from fastism.io.whole import check_not_read

    given = None if memory is None else parse_memory(memory)
    letters = Alphabet(alphabet).letters
    length = input_length(read_manifest(plan), letters)
    check_not_read(output, plan, sequences)
    check_scores_target(output, force=force)
    written = Written.parse(alternatives, letters)
    survey = survey_fasta(sequences, alphabet=letters, length=length)
    session.note(describe_ambiguous(survey.ambiguous))
    objects = load_custom_objects(custom_objects)

    session.load_tensorflow()
    from fastism import api
    from fastism.runtime.memory import default_memory

    budget = default_memory() if given is None else given
    loaded = api.load(plan, custom_objects=objects, unsafe=unsafe)
    layout = written.layout(loaded, survey.records)
    arguments: dict[str, JSON] = {
        "plan": str(plan),
        "sequences": str(sequences),
        "output": str(output),
        "batch_size": batch_size,
        "memory": memory,
        "alphabet": letters,
        "alternatives": alternatives,
        "compression": compression,
    }
    score_file(
        session,
        loaded,
        sequences,
        output,
        records=survey.records,
        batch=fit_batch(loaded, batch_size, budget // 2, layout),
        memory=budget // 2,
        alphabet=letters,
        written=written,
        arguments=arguments,
        compression=None if compression == "none" else compression,
        force=force,
    )
    session.note(f"wrote {output}: {survey.records:,} sequences")


def input_length(manifest: Mapping[str, Any], alphabet: str) -> int:
    """How many letters the plan reads.

    Raises InputError if it reads another number of channels than the alphabet has letters, or
    inputs that a FASTA file cannot give.
    """
    inputs = manifest["inputs"]
    if len(inputs) > 1:
        raise InputError(
            f"the model reads {len(inputs)} inputs, and a FASTA file gives one",
            why=f"its inputs: {', '.join(inputs)}",
            attempt="in Python: fastism.load(plan)({name: array, ...})",
        )
    length, channels = inputs[manifest["seq_input"]]
    if len(alphabet) != channels:
        raise InputError(
            f"the model reads {channels} channels, and the alphabet {alphabet} has "
            f"{len(alphabet)} letters",
            attempt="--alphabet with one letter a channel, in the model's order",
        )
    return int(length)


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
    sequences: Path,
    output: Path,
    *,
    records: int,
    batch: int,
    memory: int,
    alphabet: str,
    written: Written,
    arguments: dict[str, JSON],
    compression: str | None,
    force: bool,
) -> None:
    """Score a FASTA file that has been surveyed, batch by batch, into a scores file."""
    import numpy as np

    from fastism.io.fasta import batches, read_fasta
    from fastism.io.scores import ScoresWriter

    sites = plan.module.sites
    starts = np.asarray(sites.starts if sites else (), np.int64)
    writer = ScoresWriter(
        output,
        outputs=plan.output_shapes,
        sites=np.stack([starts, np.full_like(starts, sites.width if sites else 1)], axis=1),
        alternatives=written.layout(plan, records),
        length=plan.length,
        alphabet=alphabet,
        model=(plan.module.model, plan.module.sha256),
        arguments=arguments,
        compression=compression,
        force=force,
    )
    with writer, Progress(session, records, "sequences") as progress:
        done = 0
        read = read_fasta(sequences, alphabet=alphabet, length=plan.length)
        for names, rows in batches(read, batch):
            inner = progress.within(done, len(names))
            edits = written.rows(plan, rows, done, records)
            scores = plan(rows, alternatives=edits, batch_size=batch, memory=memory, progress=inner)
            by_name = {
                name: (scores[name].reference, scores[name].alternate) for name in plan.output_names
            }
            writer.append(names, rows, by_name, edits)
            done += len(names)
            progress.update(done)
