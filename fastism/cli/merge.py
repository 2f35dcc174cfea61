"""``fastism merge``: the parts of a run to the files of the whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastism.cli.options import PATH
from fastism.cli.outputs import Wanted, output_options
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.header import Header
    from fastism.io.parts import Part


@click.command(short_help="Join the parts that run --shard wrote.")
@click.argument("parts", type=PATH, nargs=-1, required=True)
@output_options
@pass_session
def merge(session: Session, parts: tuple[Path, ...], wanted: Wanted) -> None:
    """Join PARTS, the scores files that fastism run --shard wrote, to the files of one run.

    They may be named in any order, and what lies beside them is passed over, so that a whole
    folder can be given: fastism merge parts/* -o scores.h5.
    """
    from fastism.io.parts import in_order
    from fastism.io.scores import blocks_of
    from fastism.io.writers.publish import write_files

    files = scores_files(parts)
    targets = wanted.targets(*files)
    for target in targets:
        target.check(force=wanted.force)
    headers, known = surveyed(files)
    ordered = in_order(known)
    header = whole_header([headers[path] for path in ordered], wanted)
    sequences = known[ordered[0]].sequences
    write_files(targets, header, blocks_of(ordered), sequences, force=wanted.force)
    names = ", ".join(str(target.path) for target in targets)
    session.note(f"wrote {names}: {sequences:,} sequences of {len(ordered):,} parts")


def scores_files(paths: Sequence[Path]) -> list[Path]:
    """The scores files among what a pattern like ``parts/*`` names.

    What lies beside them goes by their names; parts that are not ended have folders. Raises
    InputError where none is left, or one is named twice.
    """
    from fastism.io.partial import partial_path
    from fastism.io.writers.beside import arguments_path, regions_beside

    named = set(paths)
    beside = {f(path) for path in named for f in (arguments_path, regions_beside, partial_path)}
    found = [path for path in paths if path not in beside and path.absolute() not in beside]
    found = [path for path in found if not path.name.endswith(".partial")]
    if not found:
        raise InputError("no part of a run is among the files that are named")
    for path in found:
        if found.count(path) > 1:
            raise InputError(f"{path} is named twice")
    return found


def surveyed(files: Sequence[Path]) -> tuple[dict[Path, Header], dict[Path, Part]]:
    """The head of every file, and which part it is.

    Raises InputError at the first that is no part of a run, or not whole.
    """
    from fastism.io.parts import Part
    from fastism.io.scores import ScoresReader

    headers, parts = {}, {}
    for path in files:
        with ScoresReader(path) as reader:
            headers[path] = reader.header
            parts[path] = Part.of(reader.header, path, len(reader))
    return headers, parts


def whole_header(headers: Sequence[Header], wanted: Wanted) -> Header:
    """The head of the whole, as a run in one piece that wants these files would write it."""
    import dataclasses

    from fastism.io.computed import computed, machines_of
    from fastism.io.parts import ATTRIBUTE

    first = headers[0]
    kept = {name: value for name, value in first.attributes.items() if name != ATTRIBUTE}
    asked: Mapping[str, object] = json.loads(kept["arguments"])
    kept["arguments"] = json.dumps({**asked, **wanted.arguments})
    machines = [each for header in headers for each in machines_of(header)]
    return computed(dataclasses.replace(first, attributes=kept), machines)
