"""The work of a run of variants: the parts that are missing, here or by workers; then the files."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from fastism.cli.cluster import hand_out
from fastism.cli.progress import Progress
from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.cli.variant_job import VariantJob
    from fastism.cluster.crew import Crew
    from fastism.cluster.orders import Done, VariantOrder
    from fastism.io.kept import Record
    from fastism.io.variants.annotated import AnnotatedWriter
    from fastism.io.variants.parts import VariantParts
    from fastism.io.variants.scored import Scored
    from fastism.io.variants.table import TableWriter
    from fastism.variants.questions import Piece

_ROUNDS = 4
"""Parts a worker, at least."""


def answer_missing(session: Session, job: VariantJob, parts: VariantParts) -> None:
    """Score the variants of the parts that are missing."""
    from fastism.variants.answers import answers

    manner, done = job.manner(parts.record), 0
    with Progress(session, parts.left, parts.unit) as progress:
        for piece in _missing(job, parts):
            parts.write(piece.start, answers(job.ask, piece.questions, manner))
            done += len(piece)
            progress.update(done)


def spread(job: VariantJob, crew: Crew) -> Record:
    """The record of a run as it is for these workers."""
    budget = crew.memory() if job.request.budget is None else job.request.budget
    batch = min(job.record.batch, max(1, job.record.count // (_ROUNDS * crew.size)))
    return dataclasses.replace(job.record, batch=batch, memory=budget // 2)


def answer_missing_by(crew: Crew, session: Session, job: VariantJob, parts: VariantParts) -> None:
    """Let workers score the variants of the parts that are missing.

    Raises InputError where parts were set aside, once all others are done.
    """
    import numpy as np

    from fastism.cluster.orders import VariantOrder
    from fastism.cluster.worker import compute_variants

    key, folder, record = job.asked.key, str(parts.folder), parts.record
    manner = job.manner(record)

    def order(piece: Piece) -> VariantOrder:
        return VariantOrder(key, folder, record, piece, manner)

    def keep(piece: Piece, done: Done) -> None:
        if isinstance(done.result, np.ndarray):
            parts.write(piece.start, done.result, done.machine)

    missing = _missing(job, parts)
    hand_out(crew, session, missing, parts, task=compute_variants, order=order, keep=keep)


def _missing(job: VariantJob, parts: VariantParts) -> Iterator[Piece]:
    from fastism.variants.questions import pieces

    files = job.files
    every = files.file.variants()
    return pieces(every, parts.record, parts.missing(), files.reader, files.windows, job.most)


def write(job: VariantJob, parts: VariantParts, folders: Sequence[Path]) -> Counter[str]:
    """Write all outputs; how many rows have which flag."""
    from fastism.io.room import said_if_full
    from fastism.io.variants.annotated import AnnotatedWriter
    from fastism.io.variants.table import TableWriter
    from fastism.io.writers.beside import arguments_path
    from fastism.io.writers.publish import releasing

    outputs, names = job.request.outputs, job.names
    flags: Counter[str] = Counter()
    content = {**job.content, "computed_by": parts.computed_by()}

    def check() -> None:
        job.files.check_outputs(force=job.force)

    with said_if_full(outputs), releasing(folders, check, begun=parts.begun) as place:
        writers: list[TableWriter | AnnotatedWriter] = []
        for path, folder in zip(outputs, folders, strict=True):
            beside = place(folder, arguments_path(path))
            beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            new = place(folder, path)
            table = path.name.lower().endswith(".tsv")
            header = job.files.file.header
            writers.append(
                TableWriter(new, names) if table else AnnotatedWriter(new, header, names)
            )
        for scored in _scored(job, parts):
            flags.update(each.flag for each in scored)
            for writer in writers:
                writer.append(scored)
        for writer in writers:
            writer.close()
    return flags


def _scored(job: VariantJob, parts: VariantParts) -> Iterator[list[Scored]]:
    """Every variant in each of its windows with its scores, part by part."""
    from fastism.io.variants.flags import SCORED
    from fastism.io.variants.scored import Scored
    from fastism.variants.questions import rows_of

    reader, every = job.files.reader, job.files.file.variants()
    for count, values in parts.values():
        rows = rows_of(islice(every, count), job.files.windows)
        flagged = [(*row, reader.flag(*row)) for row in rows]
        yield [
            Scored(variant, window, flag, found if flag in SCORED else None)
            for (variant, window, flag), found in zip(flagged, values, strict=True)
        ]
