"""``fastism opt``: run passes on a model, a plan or a module's text, and print what they make."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.options import (
    PATH,
    architecture_option,
    check_model_file,
    is_model,
    length_option,
    load_architecture,
    load_custom_objects,
    model_options,
    parse_input,
)
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.ir.module import Module
    from fastism.passes.base import Pass


@dataclass(frozen=True)
class _PrintEach:
    """An instrument: print every module as it is made."""

    at: int | None

    def before(self, pass_: Pass, module: Module) -> None:
        """Nothing is printed before a pass."""

    def after(self, pass_: Pass, module: Module) -> None:
        _print(module, self.at)


def _print(module: Module, at: int | None) -> None:
    from fastism.ir.printer import print_module

    click.echo(print_module(module, at=at if module.sites else None))


@click.command(short_help="Run passes; print the IR. Text in, text out.")
@click.argument("source", type=PATH)
@click.option("-p", "--passes", default="", metavar="TEXT", help="Such as flatten,canonicalize.")
@click.option("--print-after-all", is_flag=True, help="Print after every pass, not the last alone.")
@click.option("--at", type=int, metavar="SITE", help="The site worked out in the change ranges.")
@click.option("--stage", default="imported", show_default=True, help="Of a plan: where to start.")
@click.option("--weights", type=PATH, metavar="PLAN", help="Of text: a plan with its weights.")
@click.option("--seq-input", default="0", help="Of a model: which input is edited.")
@length_option
@model_options
@architecture_option
@pass_session
def opt(
    session: Session,
    source: Path,
    passes: str,
    print_after_all: bool,
    at: int | None,
    stage: str,
    weights: Path | None,
    seq_input: str,
    length: int | None,
    custom_objects: str | None,
    unsafe: bool,
    architecture: str | None,
) -> None:
    """Run passes on SOURCE and print the result.

    SOURCE is a model (.keras, .h5, SavedModel), a plan folder, a .fism file, or - for text on
    standard input.
    """
    objects = load_custom_objects(custom_objects)
    build = load_architecture(architecture)
    from fastism.passes.manager import Pipeline

    instruments = (_PrintEach(at),) if print_after_all else ()
    pipeline = Pipeline.parse(passes, instruments)
    if source.is_dir() and not is_model(source):
        module = _from_plan(source, stage)
    elif str(source) == "-" or source.suffix == ".fism":
        module = _from_text(source, weights)
    else:
        check_model_file(source)
        session.load_tensorflow()
        module = _from_model(source, length, parse_input(seq_input), objects, unsafe, build)
    result = pipeline.run(module)
    if not (print_after_all and pipeline.passes):
        _print(result, at)


def _from_plan(path: Path, stage: str) -> Module:
    from fastism.io.plan_folder import load_plan

    stages = load_plan(path).stages
    if stage not in stages:
        raise InputError(f"{path} has no stage {stage!r}", attempt=f"one of {', '.join(stages)}")
    return stages[stage]


def _from_text(path: Path, weights: Path | None) -> Module:
    from fastism.io.plan_folder import load_plan
    from fastism.ir.parser import parse_module

    if str(path) != "-" and not path.is_file():
        raise InputError(f"there is no file {path}")
    stages = load_plan(weights).stages.values() if weights is not None else ()
    module = parse_module(
        sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    )
    held = {c.digest: c for stage in stages for c in stage.constants.values()}
    return module.with_constants(
        {name: held.get(c.digest, c) for name, c in module.constants.items()}
    )


def _from_model(
    path: Path,
    length: int | None,
    seq_input: int | str,
    custom_objects: dict[str, Any] | None,
    unsafe: bool,
    architecture: Callable[[], Any] | None,
) -> Module:
    from fastism.frontends.models import lowered

    return lowered(
        path,
        seq_input=seq_input,
        length=length,
        custom_objects=custom_objects,
        unsafe=unsafe,
        architecture=architecture,
    ).module
