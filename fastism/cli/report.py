"""``fastism report``: a run as a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.options import PATH, force_option, load_custom_objects
from fastism.cli.plot import parse_target
from fastism.cli.progress import Progress
from fastism.cli.session import Session, pass_session
from fastism.errors import FastismError
from fastism.plotting.choices import SCORES

if TYPE_CHECKING:
    from fastism.report.explanation import Explanation


@click.command(short_help="Write a run as a page to open in a browser.")
@click.argument("scores", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="The page, .html.")
@click.option(
    "--plan",
    type=PATH,
    metavar="PLAN",
    help="Of the run, for its table of segments; by default where the run found it.",
)
@click.option(
    "--outputs",
    "--output-name",
    "heads",
    multiple=True,
    metavar="NAME",
    help="An output of the model to show. May be given several times; default: all.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="INDEX[,INDEX...]",
    help="A number of the output to show, an index an axis, from 0. May be given several times; "
    "default: all of an output that gives few.",
)
@click.option(
    "--score",
    type=click.Choice(SCORES),
    default="delta",
    show_default=True,
    help="What the heat map shows (docs/pictures.md).",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Sequences of the page; of more, those with the strongest mutations.",
)
@click.option(
    "--custom-objects",
    metavar="MODULE",
    help="Python module or .py file that registers the ops of your own in the plan.",
)
@force_option
@pass_session
def report(
    session: Session,
    scores: Path,
    output: Path,
    plan: Path | None,
    heads: tuple[str, ...],
    targets: tuple[str, ...],
    score: str,
    most: int,
    custom_objects: str | None,
    force: bool,
) -> None:
    """Write SCORES as one page: every sequence with its logo, heat map and strongest mutations.

    The page stands by itself: it fetches nothing, and can be sent.
    """
    from fastism.io.one_of import output_name
    from fastism.io.scores import ScoresReader
    from fastism.io.whole import check_file_target, check_not_read, replacing
    from fastism.report.run_page import Contents, run_page
    from fastism.report.tracks import FEW, most_moved, tracks_of

    check_file_target(output, force=force)
    check_not_read(output, scores, *([plan] if plan else []))
    chosen = [target for target in map(parse_target, targets) if target is not None]
    load_custom_objects(custom_objects)
    with ScoresReader(scores) as reader:
        shapes = reader.header.outputs
        named = [output_name(reader, name) for name in heads] or list(shapes)
        few = partial(most_moved, reader, count=FEW)
        tracks = tracks_of({name: shapes[name] for name in named}, score, chosen, few)
        if tracks.moved_most:
            session.note(
                f"shown: the {len(tracks.chosen)} numbers of {tracks.chosen[0].output} that "
                "mutations move most; --target picks others"
            )
        for name in tracks.left_out:
            session.note(
                f"left out: {name} gives many numbers a sequence; --outputs {name} "
                "with --target shows some"
            )
        explained, note = _explained(plan, reader.header.attributes)
        contents = Contents(tracks, score, most, explained, note)
        with Progress(session, len(reader), "sequences") as progress:
            page = run_page(reader, contents, progress.update)
    with replacing(output) as path:
        path.write_text(page, encoding="utf-8")
    session.note(f"wrote {output}   (open it in a browser; it needs nothing else)")


def _explained(plan: Path | None, attributes: Mapping[str, Any]) -> tuple[Explanation | None, str]:
    """The plan of a run, explained; or None, and why not.

    Raises PlanError for a plan that was named and cannot be read, InputError for one of another
    model.
    """
    from fastism.errors import InputError
    from fastism.io.manifest import MANIFEST, read_manifest, sha256
    from fastism.io.plan_folder import load_plan
    from fastism.report.explanation import explain

    recorded = json.loads(attributes.get("arguments", "{}")).get("plan")
    first = recorded[0] if isinstance(recorded, list) and recorded else recorded
    folder = plan or (Path(first) if isinstance(first, str) else None)
    if folder is None:
        return None, "The file does not name one plan that it is of; --plan does."
    try:
        of = read_manifest(folder)
        wanted = attributes.get("plan_sha256")
        if of["model"]["sha256"] != attributes.get("model_sha256") or (
            wanted is not None and sha256(folder / MANIFEST) != wanted
        ):
            raise InputError(f"{folder} is not the plan that these scores were made with")
        return explain(tuple(load_plan(folder).stages.values())), ""
    except FastismError as error:
        if plan is not None:
            raise
        return None, f"It was not at hand when this page was made: {error.what}."
