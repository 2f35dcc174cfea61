"""``fastism explain``: where the window grows, where locality ends, and what that costs."""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import PATH
from fastism.cli.session import Session, pass_session


@click.command(short_help="Show what a plan computes, and why.")
@click.argument("plan", type=PATH)
@pass_session
def explain(session: Session, plan: Path) -> None:
    """Show the segments of PLAN: their windows, their cost, and where locality ends."""
    from fastism.cli.segments import show_segments
    from fastism.io.plan_folder import load_plan

    stages = tuple(load_plan(plan).stages.values())
    module = stages[-1]
    session.say(f"{module.model or 'model'}: {len(module.sites or ())} sites")
    show_segments(session, stages)
