"""``fastism export``: a plan's graphs in a format other tools read."""

from __future__ import annotations

from pathlib import Path

import click

from fastism.cli.options import PATH
from fastism.cli.session import Session, pass_session


@click.command(short_help="Write a plan's graphs as ONNX.")
@click.argument("plan", type=PATH)
@click.option("--onnx", type=PATH, metavar="DIR", required=True, help="Folder for the .onnx files.")
@pass_session
def export(session: Session, plan: Path, onnx: Path) -> None:
    """Write the graphs of PLAN as ONNX files into DIR and check each by running it."""
    from fastism.io.manifest import read_manifest
    from fastism.io.whole import check_folder_target

    read_manifest(plan)
    check_folder_target(onnx)
    raise AssertionError
