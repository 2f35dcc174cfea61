"""``fastism explain``: where the window grows, where locality ends, and what that costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from fastism.cli.options import PATH, load_custom_objects
from fastism.cli.session import Session, pass_session


@click.command(short_help="Show what a plan computes, and why.")
@click.argument("plan", type=PATH)
@click.option("--site", type=int, metavar="POSITION", help="Follow the site that starts there.")
@click.option("--stop", multiple=True, metavar="LAYER", help="What if it ran whole from here on?")
@click.option("--length", type=click.IntRange(min=1), help="What if the input were this long?")
@click.option(
    "--outputs", multiple=True, metavar="NAME", help="What if only these outputs were wanted?"
)
@click.option("--json", "as_text", is_flag=True, help="Print it all as JSON (docs/explain.md).")
@click.option(
    "--custom-objects",
    metavar="MODULE",
    help="Python module or .py file that registers the ops and passes of your own in the plan.",
)
@pass_session
def explain(
    session: Session,
    plan: Path,
    site: int | None,
    stop: tuple[str, ...],
    length: int | None,
    outputs: tuple[str, ...],
    as_text: bool,
    custom_objects: str | None,
) -> None:
    """Show what PLAN computes: every value and its window, every segment, and why it ends.

    With --stop, --length or --outputs: what would change if it were compiled with those.
    """
    load_custom_objects(custom_objects)
    from fastism.cli import explained
    from fastism.io.plan_folder import load_plan
    from fastism.report.explanation import as_json, explain_site
    from fastism.report.explanation import explain as explain_stages
    from fastism.report.what_if import compare, restage
    from fastism.runtime.manifest import check_manifest

    contents = load_plan(plan)
    check_manifest(plan, contents.manifest, next(iter(contents.stages.values())))
    stages = tuple(contents.stages.values())
    found: dict[str, Any] = {}
    if stop or length or outputs:
        pipeline = contents.manifest["pipeline"]
        after = restage(stages, pipeline, stop=stop, length=length, outputs=outputs)
        change = compare(stages, after, stop)
        found["what_if"] = asdict(change)
        stages = after
        if not as_text and site is None:
            explained.show_what_if(session, change)
            return
    if site is not None:
        rows = explain_site(stages, site)
        found["site"] = {"start": site, "values": [asdict(row) for row in rows]}
        if not as_text:
            explained.show_site(session, site, rows)
            return
    explanation = explain_stages(stages)
    if as_text:
        session.say(json.dumps({"version": 1, **as_json(explanation), **found}, indent=1))
        return
    explained.show(session, explanation)
