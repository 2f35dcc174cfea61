"""``fastism verify``: is this plan whole, is every stage valid, and does it agree with the model?"""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import PATH, check_model_file
from fastism.cli.session import Session, pass_session
from fastism.errors import PlanError


@click.command(short_help="Check a plan's files and IR, and hold it against the model.")
@click.argument("plan", type=PATH)
@click.option("-m", "--model", type=PATH, help="The model file to compare scores with.")
@pass_session
def verify(session: Session, plan: Path, model: Path | None) -> None:
    """Check every file of PLAN and every stage of its IR; with --model, its scores too."""
    from fastism.io.manifest import sha256
    from fastism.io.plan_folder import load_plan
    from fastism.ir.verify import verify as verify_module

    if model is not None:
        check_model_file(model)
    stages = load_plan(plan).stages
    for module in stages.values():
        verify_module(module)
    session.say(f"{plan} is whole: checksums hold, and {len(stages)} stages are valid")
    if model is None:
        return
    recorded = module.sha256
    if recorded and recorded != sha256(model):
        raise PlanError(
            f"{plan} was not compiled from {model}",
            why=f"the plan's model is {module.model}, sha256 {recorded[:12]}..",
        )

    from fastism import api
    from fastism.runtime.check import check_plan

    report = check_plan(api.load(plan), model)
    session.say(
        f"agrees with {model}: {report.items} items, largest difference "
        f"{report.largest_difference:.1e} of the output's scale"
    )
