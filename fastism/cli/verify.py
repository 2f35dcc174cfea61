"""``fastism verify``: is a plan whole, is every stage valid, does it agree with the model?"""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import (
    PATH,
    architecture_option,
    check_model_file,
    load_architecture,
    load_custom_objects,
    model_options,
)
from fastism.cli.session import Session, pass_session
from fastism.errors import PlanError


@click.command(short_help="Check a plan's files and IR, and hold it against the model.")
@click.argument("plan", type=PATH)
@click.option("-m", "--model", type=PATH, help="The model file to compare scores with.")
@model_options
@architecture_option
@pass_session
def verify(
    session: Session,
    plan: Path,
    model: Path | None,
    custom_objects: str | None,
    unsafe: bool,
    architecture: str | None,
) -> None:
    """Check every file of PLAN and every stage of its IR; with --model, its scores too."""
    from fastism.io.plan_folder import load_plan
    from fastism.ir.verify import verify as verify_module
    from fastism.runtime.manifest import check_manifest

    if model is not None:
        check_model_file(model)
    objects = load_custom_objects(custom_objects)
    build = load_architecture(architecture)
    contents = load_plan(plan)
    stages = contents.stages
    for module in stages.values():
        verify_module(module)
    check_manifest(plan, contents.manifest, next(iter(stages.values())))
    session.say(f"{plan} is whole: checksums hold, and {len(stages)} stages are valid")
    if model is None:
        return

    session.load_tensorflow()
    from fastism import api
    from fastism.checking.check import check_plan
    from fastism.frontends.keras.files.load import file_hash, load_model

    recorded = module.sha256
    if recorded and recorded != file_hash(model):
        raise PlanError(
            f"{plan} was not compiled from {model}",
            why=f"the plan's model is {module.model}, sha256 {recorded[:12]}..",
        )
    loaded = api.load(plan, custom_objects=objects, unsafe=unsafe)
    live = load_model(model, custom_objects=objects, unsafe=unsafe, architecture=build)
    report = check_plan(loaded, live)
    session.say(
        f"agrees with {model}: {report.items} items, largest difference "
        f"{report.largest_difference:.1e} of the output's scale"
    )
