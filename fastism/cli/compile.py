"""``fastism compile``: a model in, a plan out, checked against the model before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.edits import (
    alternatives_options,
    check_width,
    letters_option,
    parse_alternatives,
    parse_channels,
    parse_sites,
    site_options,
)
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
from fastism.cli.reductions import parse_reduction_options, reduction_options
from fastism.cli.replay import writing_what_disagrees
from fastism.cli.sequences import suggested
from fastism.cli.session import Session, pass_session
from fastism.cli.sources import kind_of, refuse_options
from fastism.cli.text_source import APPLIES, plan_of_text
from fastism.cli.trail import Trail, dumped

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan


@click.command("compile", short_help="Compile a Keras model to a plan.")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="Folder the plan is written to.")
@weights_option
@length_option
@seq_input_option
@click.option("--stop", multiple=True, metavar="NAME", help="Run whole from this layer on.")
@site_options
@alternatives_options
@letters_option
@outputs_option
@reduction_options
@click.option("--pipeline", metavar="TEXT", help="Passes to run in place of the usual ones.")
@dump_option
@pass_options
@click.option(
    "--tune",
    type=click.Choice(["on", "off", "again"]),
    default="on",
    show_default=True,
    help="Time the ways to run it on this machine, unless an earlier compile did (again: now), and "
    "keep the fastest.",
)
@click.option(
    "--backend",
    metavar="NAME",
    help="What runs the plan: auto (the default: native or tensorflow, whichever is faster), ...",
)
@click.option("--no-check", is_flag=True, help="Do not hold the plan against the model.")
@model_options
@architecture_option
@signature_option
@force_option
@pass_session
@click.pass_context
def compile_(
    context: click.Context,
    session: Session,
    /,
    model: Path,
    output: Path,
    weights: Path | None,
    length: int | None,
    seq_input: str,
    stop: tuple[str, ...],
    sites: str | None,
    width: int,
    alternatives: str | None,
    alphabet: str,
    letters: str | None,
    outputs: tuple[str, ...],
    target: tuple[str, ...],
    over: tuple[str, ...],
    reduce: tuple[str, ...],
    pipeline: str | None,
    dump_ir: Path | None,
    passes_from: tuple[str, ...],
    instrument: tuple[str, ...],
    tune: str,
    backend: str | None,
    no_check: bool,
    custom_objects: str | None,
    unsafe: bool,
    architecture: str | None,
    signature: str | None,
    force: bool,
) -> None:
    """Compile MODEL (.keras, .h5, SavedModel) to a plan: what each mutation reaches, and how.

    The plan's scores are held against the model's own; a plan that disagrees is not written.

    MODEL may be a module's text (.fism), as --dump-dir and fastism opt write it, of any stage and
    edited or not. Then --weights names a plan with its weights, and the passes still to come run:

    \b
    fastism opt model.h5 -p flatten -o flat.fism
    fastism compile flat.fism --weights plan/ -o plan2/
    """
    from fastism.backends.registry import check_backend
    from fastism.io.plan_folder import check_plan_target
    from fastism.io.sources.base import Reads
    from fastism.io.whole import check_folder_target, check_not_read
    from fastism.passes.instruments import DumpStages, Instrument, Timings
    from fastism.passes.pipeline import parse_pipeline

    kind = kind_of(model)
    if kind == "text":
        refuse_options(context, model, kind, APPLIES)
    else:
        check_model_file(model)
        refuse_options(context, model, "model", APPLIES)
    check_plan_target(output, force=force)
    check_not_read(output, *(path for path in (model, weights) if path is not None))
    positions = parse_sites(sites, width)
    check_width(width, alternatives)
    rows = parse_alternatives(alternatives, alphabet)
    reductions = parse_reduction_options(target, over, reduce)
    timings = Timings()
    load_passes(passes_from)
    instruments: list[Instrument] = [timings, *load_instruments(instrument)]
    if dump_ir is not None:
        check_folder_target(dump_ir)
        instruments.append(DumpStages(dump_ir, dumped(Trail.of(model, context))))
    objects = load_custom_objects(custom_objects)
    build = load_architecture(architecture)
    if pipeline is not None:
        parse_pipeline(pipeline)
    if backend is not None:
        check_backend(backend)

    shared: dict[str, Any] = {
        "alternatives": rows,
        "letters": parse_channels(letters),
        "stop_layers": stop,
        "pipeline": pipeline,
        "custom_objects": objects,
        "unsafe": unsafe,
        "tune": {"on": True, "off": False}.get(tune, tune),
        "instruments": tuple(instruments),
        **({} if backend is None else {"backend": backend}),
    }
    if kind == "text":
        plan = plan_of_text(session, context, model, positions, **shared)
    else:
        session.load_tensorflow()
        from fastism import api

        if tune != "off":
            session.detail(
                "ways to run it are timed, for a few seconds, unless an earlier compile did that "
                "(--tune off skips it)"
            )
        plan = api.compile(
            model,
            seq_input=parse_input(seq_input),
            length=length,
            sites=positions,
            width=width,
            outputs=outputs or None,
            **reductions,
            architecture=build,
            signature=signature,
            **shared,
        )
    session.detail(str(timings))
    if plan.timed_earlier:
        session.note("timed by an earlier compile (--tune again times it now)")
    takes = suggested(Reads.of_module(plan.module))
    if kind == "text":
        session.note(f"not checked against a model (fastism verify {output} -m MODEL does that)")
    elif no_check:
        session.note("not checked against the model (--no-check)")
    else:
        from fastism.checking.check import check_plan
        from fastism.frontends.models import loaded

        live = loaded(
            model,
            custom_objects=objects,
            unsafe=unsafe,
            architecture=build,
            signature=signature,
        )
        with writing_what_disagrees(session):
            report = check_plan(plan, live)
        plan.checked = report.record
        session.note(f"agrees with the model: {report}")
        if report.largest_effect < 1e-4:
            session.note(
                "  that says little, as random sequences hardly move this model; with sequences "
                f"of your own: fastism verify {output} -m {model} {takes}"
            )
        if tune != "off":
            _measured_speedup(session, plan, live)
    plan.save(output, force=force)
    if not session.quiet and "segmented" in plan.stage:
        from fastism.cli.segments import show_segments, show_summary
        from fastism.runtime.report import segment_rows, summary

        segments = segment_rows(plan.stages)
        show_segments(session, segments)
        show_summary(session, segments, summary(plan.stages))
    session.note(f"wrote {output}   (next: fastism run {output} {takes} -o scores.h5)")


def _measured_speedup(session: Session, plan: Plan, model: Any) -> None:
    """Say how much faster an item is than the model called on a batch of mutants."""
    timed = [group for group in plan.executor.groups if group.measured_seconds is not None]
    if not timed:
        return
    import numpy as np

    from fastism.checking.model import seconds_an_item
    from fastism.runtime.inputs import random_inputs
    from fastism.runtime.items import Items

    count = 32 if plan.length <= 4096 else 4
    site = np.resize(np.arange(len(plan.executor.starts)), count)
    items = Items(
        np.zeros(count, np.int64), site, np.resize(np.arange(len(plan.alternatives)), count)
    )
    sites = [len(group.sites) for group in timed]
    seconds = float(np.average([group.measured_seconds for group in timed], weights=sites))
    naive = seconds_an_item(model, plan, random_inputs(plan.module.main, 1, seed=0), items)
    session.note(
        f"measured: {seconds * 1e3:.3g} ms an item; the model itself, {count} mutants a batch, "
        f"{naive * 1e3:.3g} ms: {naive / seconds:,.1f} times faster"
    )
