"""``fastism opt``: run passes on a model, a plan or a module's text, and print what they make."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fastism.cli.edits import alternatives_options, parse_alternatives, parse_sites, site_options
from fastism.cli.options import (
    PATH,
    architecture_option,
    check_model_file,
    dump_option,
    force_option,
    length_option,
    load_architecture,
    load_custom_objects,
    model_options,
    outputs_option,
    parse_input,
    pass_options,
    seq_input_option,
    signature_option,
    weights_option,
)
from fastism.cli.plugins import load_instruments, load_passes
from fastism.cli.printing import PrintEach, list_passes
from fastism.cli.reductions import NAMES, parse_reduction_options, reduction_options
from fastism.cli.session import Session, pass_session
from fastism.cli.sources import (
    Source,
    edited,
    kind_of,
    read_plan,
    read_text,
    read_weights,
    refuse_options,
)
from fastism.cli.trail import Trail
from fastism.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from fastism.ir.module import Module
    from fastism.passes.base import Pass
    from fastism.passes.manager import Pipeline

APPLIES: Final = {
    "stage": ("plan",),
    "weights": ("text",),
    **dict.fromkeys(("alternatives", "alphabet", "seq_input", "length"), ("model",)),
    **dict.fromkeys(("custom_objects", "unsafe", "architecture", "signature", *NAMES), ("model",)),
}
"""The kinds of source an option says something of."""


@click.command(short_help="Run passes; print the IR. Text in, text out.")
@click.argument("source", type=PATH, required=False)
@click.option("-p", "--passes", metavar="TEXT", help="Such as flatten,canonicalize.")
@click.option(
    "--stop-after",
    metavar="PASS",
    help="Run up to this pass; without -p, of the usual ones that are still to come.",
)
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write the result there.")
@dump_option
@click.option("--print-after", multiple=True, metavar="PASS", help="Print what this pass makes.")
@click.option("--print-after-all", is_flag=True, help="Print what every pass makes.")
@click.option("--print-changed", is_flag=True, help="Print the lines that every pass changes.")
@click.option("--time-passes", is_flag=True, help="Say how long the passes took.")
@click.option("--at", type=int, metavar="SITE", help="The site worked out in the change ranges.")
@click.option("--list-passes", "listing", is_flag=True, help="Show every pass and its options.")
@click.option("--stage", default="imported", show_default=True, help="Of a plan: where to start.")
@weights_option
@seq_input_option
@length_option
@site_options
@alternatives_options
@outputs_option
@reduction_options
@pass_options
@model_options
@architecture_option
@signature_option
@force_option
@pass_session
@click.pass_context
def opt(context: click.Context, session: Session, /, source: Path | None, **given: Any) -> None:
    """Run passes on SOURCE and print the result, or with -o write it.

    SOURCE is a model (.keras, .h5, SavedModel), a plan folder, a .fism file, or - for text on
    standard input. What an option prints on the way takes the place of the result on standard
    output.

    \b
    fastism opt model.h5 --stop-after annotate          # the change ranges of every layer
    fastism opt model.h5 -p flatten -o flat.fism        # to edit, and go on from
    fastism compile flat.fism --weights plan/ -o plan2/
    """
    from fastism.io.whole import check_file_target, check_folder_target, check_not_read

    load_passes(given["passes_from"])
    if given["listing"]:
        list_passes(session)
        return
    if source is None:
        raise click.UsageError("Missing argument 'SOURCE'.", context)
    refuse_options(context, source, kind_of(source), APPLIES)
    _check_forced(given)
    if given["output"] is not None:
        check_not_read(given["output"], source)
        check_file_target(given["output"], force=given["force"])
    if given["dump_ir"] is not None:
        check_folder_target(given["dump_ir"])
    if given["passes"]:
        _check_passes(given["passes"])
    watching = load_instruments(given["instrument"])
    begun = _source(context, session, source, given)
    run_passes(session, begun, _pipeline(begun.module, given), watching, given)


def run_passes(
    session: Session, begun: Source, pipeline: Pipeline, watching: list[Any], given: dict[str, Any]
) -> None:
    """Run a pipeline, print on the way what was asked for, and hand out the result."""
    from dataclasses import replace

    from fastism.passes.instruments import DumpStages, PrintChanged, Timings

    at, names = given["at"], given["print_after"]
    _check_applies(begun.module, pipeline, at, names)

    def text(module: Module, passes: Sequence[Pass]) -> str:
        return begun.trail.after(passes).text(module, at if module.sites is not None else None)

    timings, instruments = Timings(), watching
    if given["print_after_all"] or names:
        instruments.append(PrintEach(text, None if given["print_after_all"] else names))
    if given["print_changed"]:
        instruments.append(PrintChanged(sys.stdout))
    if given["dump_ir"] is not None:
        instruments.append(DumpStages(given["dump_ir"], text))
    pipeline = replace(pipeline, instruments=(timings, *instruments))
    result = text(pipeline.run(begun.module), pipeline.passes)
    _hand_out(session, result, given, printed=bool(pipeline.passes))
    if given["time_passes"]:
        click.echo(str(timings), err=True)


def _hand_out(session: Session, text: str, given: dict[str, Any], *, printed: bool) -> None:
    """Write the result, or print it where nothing was printed in its place."""
    from fastism.io.whole import replacing

    on_the_way = given["print_after_all"] or given["print_after"] or given["print_changed"]
    if given["output"] is not None:
        with replacing(given["output"]) as path:
            path.write_text(text, encoding="utf-8")
        session.note(f"wrote {given['output']}")
    elif not (on_the_way and printed):
        click.echo(text, nl=False)


def _source(
    context: click.Context, session: Session, source: Path, given: dict[str, Any]
) -> Source:
    kind = kind_of(source)
    sites = parse_sites(given["sites"], given["width"])
    if kind == "plan":
        return edited(read_plan(source, given["stage"]), sites, context)
    if kind == "text":
        weights = given["weights"]
        begun = read_text(source, read_weights(weights), weights)
        return edited(begun, sites, context)
    rows = parse_alternatives(given["alternatives"], given["alphabet"])
    check_model_file(source)
    objects, build = load_custom_objects(given["custom_objects"]), given["architecture"]
    architecture = load_architecture(build)
    session.load_tensorflow()
    from fastism import api

    started = api.start(
        source,
        seq_input=parse_input(given["seq_input"]),
        length=given["length"],
        sites=sites,
        width=given["width"],
        # Text does not say what is written at a site; wide ones ask for an answer all the same.
        alternatives="zeros" if rows is None and given["width"] > 1 else rows,
        outputs=given["outputs"] or None,
        **parse_reduction_options(*(given[name] for name in NAMES)),
        custom_objects=objects,
        unsafe=given["unsafe"],
        architecture=architecture,
        signature=given["signature"],
    )
    return Source(started.module, Trail.of(source, context))


def _check_passes(text: str) -> None:
    """Passes are looked up before TensorFlow is loaded, which takes seconds."""
    from fastism.passes.pipeline import parse_pipeline

    parse_pipeline(text)


def _pipeline(module: Module, given: dict[str, Any]) -> Pipeline:
    from fastism.passes.manager import Pipeline

    passes, last = given["passes"], given["stop_after"]
    if passes is None and last is not None:
        return Pipeline.remaining(module.stage).until(last)
    pipeline = Pipeline.parse(passes or "")
    return pipeline.until(last) if last is not None else pipeline


def _check_applies(
    module: Module, pipeline: Pipeline, at: int | None, names: tuple[str, ...]
) -> None:
    """Raises InputError for --print-after or --at where no pass or stage is one to print so."""
    known = [pass_.name for pass_ in pipeline.passes]
    for name in names:
        if name not in known:
            raise InputError(
                f"--print-after {name} prints nothing",
                why=f"the passes run are {', '.join(known) or 'none'}",
                attempt=did_you_mean(name, known),
            )
    stages = {module.stage, *(pass_.produces for pass_ in pipeline.passes)}
    if at is not None and stages.isdisjoint(("annotated", "segmented")):
        raise InputError(
            f"--at {at} changes nothing",
            why="the text of no stage that is made here says what an edit changes",
            attempt="--stop-after annotate",
        )


def _check_forced(given: dict[str, Any]) -> None:
    if given["force"] and given["output"] is None:
        raise InputError("--force does not apply", why="it is for -o, and nothing is written")
