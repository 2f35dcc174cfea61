"""``fastism export``: a plan's graphs in a format other tools read."""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import PATH, force_option, load_custom_objects, model_options
from fastism.cli.session import Session, pass_session
from fastism.errors import PlanError


@click.command(short_help="Write a plan's graphs as ONNX.")
@click.argument("plan", type=PATH)
@click.option("--onnx", type=PATH, metavar="DIR", required=True, help="Folder for the .onnx files.")
@click.option("--no-check", is_flag=True, help="Do not run the files to compare with the plan.")
@model_options
@force_option
@pass_session
def export(
    session: Session,
    plan: Path,
    onnx: Path,
    no_check: bool,
    custom_objects: str | None,
    unsafe: bool,
    force: bool,
) -> None:
    """Write the graphs of PLAN as ONNX files into the folder DIR, and check them by running them.

    source.onnx is the model, annotated (open it in Netron); intout.onnx and propagate*.onnx are
    what a plan runs; manifest.json says how.
    """
    from fastism.io.manifest import read_manifest
    from fastism.io.whole import check_parent

    read_manifest(plan)
    check_parent(onnx)
    if onnx.exists() and not force:
        attempt = "another name, or --force to replace it"
        raise PlanError(f"{onnx} exists already", attempt=attempt)
    objects = load_custom_objects(custom_objects)

    from fastism import api
    from fastism.export import export as write

    loaded = api.load(plan, custom_objects=objects, unsafe=unsafe)
    files = write(loaded, onnx, force=force, check=not no_check)
    session.say("\n".join(str(onnx / file.name) for file in files))
