"""``fastism export``: a plan's graphs in a format other tools read."""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import PATH
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError


@click.command(short_help="Write a plan's graphs as ONNX.")
@click.argument("plan", type=PATH)
@click.option("--onnx", type=PATH, metavar="DIR", required=True, help="Folder for the .onnx files.")
@pass_session
def export(session: Session, plan: Path, onnx: Path) -> None:
    """Write the graphs of PLAN as ONNX files, each checked by running it, into a new folder DIR."""
    from fastism.io.manifest import read_manifest
    from fastism.io.whole import check_parent, replacing

    read_manifest(plan)
    check_parent(onnx)
    if onnx.exists():
        raise InputError(f"{onnx} exists already", attempt="the name of a new folder")

    from fastism.backends.onnx import write_onnx
    from fastism.io.plan_folder import load_plan

    with replacing(onnx) as folder:
        folder.mkdir()
        files = write_onnx(tuple(load_plan(plan).stages.values()), folder)
    session.say("\n".join(str(onnx / file.name) for file in files))
