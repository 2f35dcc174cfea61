"""``fastism verify``: is a plan whole, is every stage valid, does it agree with the model?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.options import (
    PATH,
    architecture_option,
    check_model_file,
    load_architecture,
    load_custom_objects,
    model_options,
    signature_option,
)
from fastism.cli.receipt import check_same_model
from fastism.cli.reductions import function_option, parse_reduction_options
from fastism.cli.replay import writing_what_disagrees
from fastism.cli.sequences import Given, sequence_options
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError, MismatchError

if TYPE_CHECKING:
    import numpy.typing as npt

MOST = 32
"""Sequences of those given that are compared: the first."""


@click.command(short_help="Check a plan's files and IR, and hold it against the model.")
@click.argument("plan", type=PATH)
@click.option("-m", "--model", type=PATH, help="The model file to compare scores with.")
@sequence_options
@click.option("--all-sites", is_flag=True, help="Compare at every site, not at a sample.")
@click.option(
    "--bisect",
    is_flag=True,
    help="Evaluate every stored stage too, and find the first value that is wrong.",
)
@function_option
@model_options
@architecture_option
@signature_option
@pass_session
def verify(
    session: Session,
    plan: Path,
    model: Path | None,
    given: Given,
    all_sites: bool,
    bisect: bool,
    reduce: tuple[str, ...],
    custom_objects: str | None,
    unsafe: bool,
    architecture: str | None,
    signature: str | None,
) -> None:
    """Check every file of PLAN and every stage of its IR; with --model, its scores too.

    Every stage is held against what its pass makes of the stage before it, down to each weight and
    table. Where scores disagree, or with --bisect, the stages are evaluated one after the other for
    an item; the pass, table or node that first gets it wrong is named, and the smallest sub-graph
    that shows it is written (fastism replay runs it).
    """
    from fastism.checking.stored import check_record, check_stages
    from fastism.io.plan_folder import load_plan
    from fastism.ir.verify import verify as verify_module
    from fastism.runtime.manifest import check_manifest

    if all_sites and model is None and not bisect:
        raise InputError(
            "--all-sites compares scores with the model's own, and no model is given",
            attempt=f"fastism verify {plan} --all-sites --model model.h5, or --bisect, "
            "which compares the stages of the plan",
        )
    if given.label and model is None:
        raise InputError(
            f"{given.label} is for comparing scores with the model's own, and no model is given",
            attempt="--model model.h5",
        )
    if model is not None:
        check_model_file(model)
    functions = parse_reduction_options(reduce=reduce)["reduce"]
    objects = load_custom_objects(custom_objects)
    build = load_architecture(architecture)
    x = _read(plan, given) if given.label else None
    contents = load_plan(plan)
    manifest, stages = contents.manifest, tuple(contents.stages.values())
    for module in stages:
        verify_module(module)
    check_manifest(plan, manifest, stages[0])
    check_record(manifest, stages)
    count = "the one stage it holds is" if len(stages) == 1 else f"{len(stages)} stages are"
    session.say(f"{plan} is whole: checksums hold, and {count} valid")
    altered = None
    try:
        check_stages(stages, manifest["pipeline"])
    except MismatchError as error:
        if not bisect:
            raise
        altered = error
    else:
        if len(stages) > 1:
            made = f"what its pass makes of the one before it: {manifest['pipeline']}"
            session.say(f"every stage is {made}")
    if model is None and not bisect:
        return

    session.load_tensorflow()
    from fastism import api
    from fastism.checking.check import check_by_stages, check_plan
    from fastism.checking.model import check_imported
    from fastism.frontends.models import loaded

    compiled = api.load(plan, custom_objects=objects, unsafe=unsafe, reduce=functions)
    if bisect:
        with writing_what_disagrees(session):
            followed = check_by_stages(compiled, all_sites=all_sites)
    if altered is not None:
        raise altered
    if bisect:
        every = len(compiled.executor.starts)
        session.say(
            "every stage gives what the one before it gives, and so does the backend, "
            f"at {followed:,} of {every:,} sites"
        )
        if followed < every:
            session.note("a few sites were followed through the stages; --all-sites follows all")
    if model is None:
        return
    check_same_model(plan, stages[0], model)
    live = loaded(
        model, custom_objects=objects, unsafe=unsafe, architecture=build, signature=signature
    )
    if stages[0].stage == "imported":
        check_imported(compiled, live)
    else:
        session.note(f"it was compiled from text of stage {stages[0].stage}, not from the model")
    with writing_what_disagrees(session):
        report = check_plan(compiled, live, x=x, all_sites=all_sites)
    of = "" if x is None else f" on {len(next(iter(x.values())))} sequences of {given.label}"
    session.say(f"agrees with {model}{of}: {report}")
    if report.sites < report.every:
        session.note("a sample of the sites was compared; --all-sites compares every one")


def _read(plan: Path, given: Given) -> Mapping[str, npt.NDArray[Any]]:
    """Every input by name for the first sequences. Raises InputError where they do not fit."""
    from fastism.io.manifest import read_manifest

    return next(given.open(read_manifest(plan)).batches(MOST)).inputs
