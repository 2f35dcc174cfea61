"""``fastism plot``: the picture of one sequence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastism.cli.options import PATH, check_picture, force_option
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError
from fastism.plotting.choices import SCORES

if TYPE_CHECKING:
    from fastism.plotting.highlights import Highlight


@click.command(short_help="Draw the logo and the heat map of a sequence.")
@click.argument("scores", type=PATH)
@click.option("-n", "--name", metavar="NAME", help="The sequence, by its name in the file.")
@click.option("--index", type=click.IntRange(min=0), help="Or by its place there, from 0.")
@click.option(
    "-o", "--output", type=PATH, required=True, help="The picture: .png, .svg or .pdf by its name."
)
@click.option("--range", "zoom", metavar="START:STOP", help="Show these positions only, from 0.")
@click.option(
    "--highlight",
    multiple=True,
    metavar="START:STOP[=LABEL]",
    help="Point out an interval. May be given several times.",
)
@click.option(
    "--outputs",
    "--output-name",
    "head",
    metavar="NAME",
    help="The output of the model, where the file has several.",
)
@click.option(
    "--target",
    metavar="INDEX[,INDEX...]",
    help="Which number of the output, where it gives several a sequence: an index an axis, from 0.",
)
@click.option(
    "--score",
    type=click.Choice(SCORES),
    default="delta",
    show_default=True,
    help="What the heat map shows (docs/pictures.md).",
)
@force_option
@pass_session
def plot(
    session: Session,
    scores: Path,
    name: str | None,
    index: int | None,
    output: Path,
    zoom: str | None,
    highlight: tuple[str, ...],
    head: str | None,
    target: str | None,
    score: str,
    force: bool,
) -> None:
    """Draw one sequence of SCORES: what each position contributes, over every mutation.

    Of more than 150 positions the whole is drawn as bars, and the 100 that contribute most below it
    with their letters; --range chooses others.
    """
    if name is not None and index is not None:
        raise click.UsageError("--name and --index both say which sequence; give one of them")
    check_picture(output, "fastism plot")
    from fastism.io.one_of import output_name, scored_sequence, sequence_index
    from fastism.io.scores import ScoresReader
    from fastism.io.whole import check_file_target, check_not_read
    from fastism.plotting.landscape import landscape
    from fastism.plotting.picture import draw
    from fastism.plotting.save import save

    check_file_target(output, force=force)
    check_not_read(output, scores)
    start, stop = (None, None) if zoom is None else parse_interval("--range", zoom)
    marked = [parse_highlight(each) for each in highlight]
    chosen = parse_target(target)
    with ScoresReader(scores) as reader:
        place = sequence_index(reader, name) if index is None else index
        scored = scored_sequence(reader, place, output_name(reader, head))
    shown = landscape(scored, score, chosen)
    save(draw(shown, start=start, stop=stop, highlights=marked), output)
    session.note(f"wrote {output}: {shown.name}, {shown.output}")


def parse_interval(option: str, text: str) -> tuple[int, int]:
    """``100:200`` as numbers. Raises InputError."""
    match = re.fullmatch(r"(\d+)[:-](\d+)", text.strip().replace(",", ""))
    if match is None or int(match[2]) <= int(match[1]):
        raise InputError(
            f"{option} {text} is not an interval of positions",
            attempt=f"{option} 100:200, for the positions 100 to 199, counted from 0",
        )
    return int(match[1]), int(match[2])


def parse_highlight(text: str) -> Highlight:
    """``24:36=CTCF``. Raises InputError."""
    from fastism.plotting.highlights import Highlight

    interval, _, label = text.partition("=")
    return Highlight(*parse_interval("--highlight", interval), label.strip())


def parse_target(text: str | None) -> tuple[int, ...] | None:
    """``3``, or ``500,1`` of an output with two axes. Raises InputError."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InputError(
            f"--target {text} is not an index", attempt="--target 3, or --target 500,1 of two axes"
        )
    return tuple(map(int, parts))
