"""``fastism convert``: a finished run in another format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from fastism.cli.options import PATH
from fastism.cli.outputs import Wanted, output_options
from fastism.cli.progress import Progress, counted
from fastism.cli.session import Session, pass_session


@click.command(short_help="Write the scores of a run in another format.")
@click.argument("scores", type=PATH)
@output_options
@pass_session
def convert(session: Session, scores: Path, wanted: Wanted) -> None:
    """Write SCORES, a scores file of fastism run, in other formats.

    \b
    fastism convert scores.h5 -o track.bw -c hg38.chrom.sizes
    fastism convert scores.h5 -o table.tsv --score logfc
    """
    from fastism.io.scores import ScoresReader
    from fastism.io.writers.publish import check_all, write_files

    targets = wanted.targets(scores)
    with ScoresReader(scores) as reader, session.noting_warnings():
        given = {"scores": str(scores), **wanted.arguments}
        run = json.loads(reader.header.attributes.get("arguments", "{}"))
        attributes = {**reader.header.attributes, "arguments": json.dumps({**given, "run": run})}
        header = replace(reader.header, attributes=attributes)
        check_all(targets, header, len(reader), force=wanted.force)
        with Progress(session, len(reader), "sequences") as progress:
            blocks = counted(reader.blocks(), progress)
            write_files(targets, header, blocks, len(reader), force=wanted.force)
        names = ", ".join(str(target.path) for target in targets)
        session.note(f"wrote {names}: {len(reader):,} sequences")
