"""``fastism demo``: compile, run and time the bundled model."""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import PATH, force_option
from fastism.cli.session import Session, pass_session


@click.command(short_help="Compile, run and time a small bundled model.")
@click.option(
    "-o",
    "--output",
    type=PATH,
    default=Path("fastism-demo"),
    show_default=True,
    help="Folder for the plan, the scores, a picture and a page.",
)
@force_option
@pass_session
def demo(session: Session, output: Path, force: bool) -> None:
    """Run a small bundled model on the bundled sequences, and time it against calling the model."""
    from fastism.io.plan_folder import check_plan_target
    from fastism.io.whole import check_file_target, check_folder_target
    from fastism.io.writers.h5 import H5
    from fastism.io.writers.publish import Target

    check_folder_target(output)
    if output.exists():
        check_plan_target(output / "plan", force=force)
        Target(output / "scores.h5", H5()).check(force=force)
        for name in ("report.html", "seq_0.png"):
            check_file_target(output / name, force=force)

    session.load_tensorflow()
    from fastism.demo import run_demo

    run_demo(output, session.say)
