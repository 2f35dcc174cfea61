"""``fastism compile``: a model in, a plan out, checked against the model before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.edits import check_width, parse_alternatives, parse_sites, site_options
from fastism.cli.options import (
    PATH,
    architecture_option,
    check_model_file,
    force_option,
    length_option,
    load_architecture,
    load_custom_objects,
    model_options,
    parse_input,
)
from fastism.cli.session import Session, pass_session

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan


@click.command("compile", short_help="Compile a Keras model to a plan.")
@click.argument("model", type=PATH)
@click.option("-o", "--output", type=PATH, required=True, help="Folder the plan is written to.")
@length_option
@click.option("--seq-input", default="0", help="Which input is edited: position or name.")
@click.option("--stop", multiple=True, metavar="NAME", help="Run whole from this layer on.")
@site_options
@click.option(
    "--alternatives",
    metavar="TEXT",
    help="What is written at a site: letters (the default for sites of one position), words, "
    "zeros, uniform, words like TATAAA,GGGCCC, or rows (A, width, C) in a .npy file.",
)
@click.option(
    "--alphabet", default="ACGT", show_default=True, help="The channels, to read --alternatives."
)
@click.option(
    "--output-name", multiple=True, metavar="NAME", help="An output wanted; default: all."
)
@click.option("--pipeline", metavar="TEXT", help="Passes to run in place of the usual ones.")
@click.option("--dump-ir", type=PATH, metavar="DIR", help="Write the module after every pass.")
@click.option(
    "--tune",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="Time a few schedules on this machine, up to 20 s, and keep the fastest.",
)
@click.option("--no-check", is_flag=True, help="Do not hold the plan against the model.")
@model_options
@architecture_option
@force_option
@pass_session
def compile_(
    session: Session,
    model: Path,
    output: Path,
    length: int | None,
    seq_input: str,
    stop: tuple[str, ...],
    sites: str | None,
    width: int,
    alternatives: str | None,
    alphabet: str,
    output_name: tuple[str, ...],
    pipeline: str | None,
    dump_ir: Path | None,
    tune: str,
    no_check: bool,
    custom_objects: str | None,
    unsafe: bool,
    architecture: str | None,
    force: bool,
) -> None:
    """Compile MODEL (.keras, .h5, SavedModel) to a plan: what each mutation reaches, and how.

    The plan's scores are held against the model's own; a plan that disagrees is not written.
    """
    from fastism.io.plan_folder import check_plan_target
    from fastism.io.whole import check_folder_target
    from fastism.passes.instruments import DumpStages, Instrument, Timings
    from fastism.passes.pipeline import parse_pipeline

    check_model_file(model)
    check_plan_target(output, force=force)
    positions = parse_sites(sites, width)
    check_width(width, alternatives)
    rows = parse_alternatives(alternatives, alphabet)
    timings = Timings()
    instruments: list[Instrument] = [timings]
    if dump_ir is not None:
        check_folder_target(dump_ir)
        instruments.append(DumpStages(dump_ir))
    objects = load_custom_objects(custom_objects)
    build = load_architecture(architecture)
    if pipeline is not None:
        parse_pipeline(pipeline)

    session.load_tensorflow()
    from fastism import api

    plan = api.compile(
        model,
        seq_input=parse_input(seq_input),
        length=length,
        sites=positions,
        width=width,
        alternatives=rows,
        stop_layers=stop,
        outputs=output_name or None,
        pipeline=pipeline,
        custom_objects=objects,
        unsafe=unsafe,
        architecture=build,
        instruments=tuple(instruments),
    )
    session.detail(str(timings))
    if no_check:
        session.note("not checked against the model (--no-check)")
    else:
        from fastism.checking.check import check_plan
        from fastism.frontends.models import loaded

        live = loaded(model, custom_objects=objects, unsafe=unsafe, architecture=build)
        report = check_plan(plan, live)
        session.note(f"agrees with the model: {report}")
        if report.largest_effect < 1e-4:
            session.note(
                "  that says little, as random sequences hardly move this model; for sequences of "
                "your own: fastism.testing.compare.assert_matches_model(plan, model, x)"
            )
    if tune == "on" and plan.executor.groups:
        plan, seconds = _tuned(session, plan)
        if not no_check:
            _measured_speedup(session, plan, live, seconds)
    plan.save(output, force=force)
    if not session.quiet:
        from fastism.cli.segments import show_segments, show_summary
        from fastism.runtime.report import segment_rows, summary

        segments = segment_rows(plan.stages)
        show_segments(session, segments)
        show_summary(session, segments, summary(plan.stages))
    session.note(f"wrote {output}   (next: fastism run {output} -s sequences.fa -o scores.h5)")


def _tuned(session: Session, plan: Plan) -> tuple[Plan, float]:
    """The plan with the fastest schedule found, and its seconds an item."""
    from fastism.runtime.tune import tune

    session.note("timing schedules, up to 20 s (--tune off skips it)")
    tuned, trials = tune(plan)
    for trial in trials:
        how = f", {trial.variant.label}" if trial.variant else ""
        session.detail(
            f"  @{trial.graph}, {trial.pairs} pairs a chunk{how}: "
            f"{trial.seconds_an_item * 1e3:.3f} ms an item"
        )
    best = {t.graph: t for t in sorted(trials, key=lambda trial: -trial.seconds_an_item)}
    sites = {group.graph.name: len(group.sites) for group in plan.executor.groups}
    total = sum(best[name].seconds_an_item * sites[name] for name in best)
    return tuned, total / max(sum(sites[name] for name in best), 1)


def _measured_speedup(session: Session, plan: Plan, model: Any, seconds: float) -> None:
    """Say how much faster an item is than the model called on a batch of mutants."""
    import numpy as np

    from fastism.checking.model import seconds_an_item
    from fastism.runtime.inputs import random_inputs
    from fastism.runtime.items import Items

    count = 32 if plan.length <= 4096 else 4
    site = np.resize(np.arange(len(plan.executor.starts)), count)
    items = Items(
        np.zeros(count, np.int64), site, np.resize(np.arange(len(plan.alternatives)), count)
    )
    naive = seconds_an_item(model, plan, random_inputs(plan.module.main, 1, seed=0), items)
    session.note(
        f"measured: {seconds * 1e3:.3g} ms an item; the model itself, {count} mutants a batch, "
        f"{naive * 1e3:.3g} ms: {naive / seconds:,.1f} times faster"
    )
