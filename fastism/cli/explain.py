"""``fastism explain``: where the window grows, where locality ends, and what that costs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from fastism.cli.options import PATH, check_picture, force_option, load_custom_objects
from fastism.cli.session import Session, pass_session


@click.command(short_help="Show what a plan computes, and why.")
@click.argument("plan", type=PATH)
@click.option("--site", type=int, metavar="POSITION", help="Follow the site that starts there.")
@click.option("--stop", multiple=True, metavar="LAYER", help="What if it ran whole from here on?")
@click.option("--length", type=click.IntRange(min=1), help="What if the input were this long?")
@click.option(
    "--outputs", multiple=True, metavar="NAME", help="What if only these outputs were wanted?"
)
@click.option("--html", type=PATH, metavar="FILE", help="Write the graph as a page to open.")
@click.option(
    "--plot", type=PATH, metavar="FILE", help="Draw the windows of a site: .png, .svg or .pdf."
)
@click.option("--json", "as_json", is_flag=True, help="Print it all as JSON (docs/explain.md).")
@click.option(
    "--custom-objects",
    metavar="MODULE",
    help="Python module or .py file that registers the ops and passes of your own in the plan.",
)
@force_option
@pass_session
def explain(
    session: Session,
    plan: Path,
    site: int | None,
    stop: tuple[str, ...],
    length: int | None,
    outputs: tuple[str, ...],
    html: Path | None,
    plot: Path | None,
    as_json: bool,
    force: bool,
    custom_objects: str | None,
) -> None:
    """Show what PLAN computes: every value and its window, every segment, and why it ends.

    With --stop, --length or --outputs: what would change if it were compiled with those.
    --site, --html, --plot and --json then show the plan as it would be.
    """
    if sum((html is not None, plot is not None, as_json)) > 1:
        raise click.UsageError("--html, --plot and --json are answers; ask for one at a time")
    target = html or plot
    if force and target is None:
        raise click.UsageError("--force replaces the file of --html or --plot; there is none")
    from fastism.cli import explained
    from fastism.io.plan_folder import load_plan
    from fastism.io.whole import check_file_target, check_not_read, replacing
    from fastism.report import explanation
    from fastism.report.what_if import compare, restage
    from fastism.runtime.manifest import check_manifest, reductions_of

    if plot is not None:
        check_picture(plot, "fastism explain --plot")
    if target is not None:
        check_file_target(target, force=force)
        check_not_read(target, plan)
    load_custom_objects(custom_objects)
    contents = load_plan(plan)
    stages = tuple(contents.stages.values())
    check_manifest(plan, contents.manifest, stages[0])
    found: dict[str, Any] = {}
    change = None
    if stop or length or outputs:
        explanation.segmented_stage(stages)
        pipeline = contents.manifest["pipeline"]
        after = restage(stages, pipeline, stop=stop, length=length, outputs=outputs)
        # Both by the passes alone: what was timed, or chosen by it, is of the plan as it is.
        change = compare(restage(stages, pipeline), after, stop)
        found["what_if"] = asdict(change)
        stages = after
    if html is not None:
        from fastism.report.page import graph_page

        page = graph_page(stages, site)
        with replacing(html) as path:
            path.write_text(page, encoding="utf-8")
        session.note(f"wrote {html}   (open it in a browser; it needs nothing else)")
        return
    if plot is not None:
        from fastism.plotting.windows import plot_windows

        module = explanation.segmented_stage(stages)
        plot_windows(module, plot, explanation.shown_site(module, site))
        session.note(f"wrote {plot}")
        return
    if change is None and site is None and not explanation.is_segmented(stages):
        from fastism.report.computed import computed

        graphs = computed(stages)
        if as_json:
            found["computed"] = [asdict(row) for row in graphs]
            session.say(json.dumps({"version": 1, **found}, indent=1))
            return
        explained.show_computed(session, graphs, begun=stages[0].stage)
        return
    rows = () if site is None else explanation.explain_site(stages, site)
    if as_json:
        if site is not None:
            found["site"] = {"start": site, "values": [asdict(row) for row in rows]}
        everything = explanation.as_json(explanation.explain(stages))
        made = reductions_of(contents.manifest).items()
        found["reductions"] = {name: reduction.record for name, reduction in made}
        session.say(json.dumps({"version": 1, **everything, **found}, indent=1))
        return
    if change is not None:
        explained.show_what_if(session, change)
    if site is not None:
        explained.show_site(session, site, rows)
    if change is None and site is None:
        for name, reduction in reductions_of(contents.manifest).items():
            session.say(f"output {name} is reduced: {reduction}")
        explained.show(session, explanation.explain(stages))
