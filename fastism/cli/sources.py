"""What ``opt`` begins with, and ``compile`` may: a model, a plan, or a module's text."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fastism.cli.trail import Trail, was_given
from fastism.errors import InputError, require_file
from fastism.io.manifest import MANIFEST

if TYPE_CHECKING:
    from fastism.ir.module import Constant, Module

STDIN: Final = Path("-")


@dataclass(frozen=True)
class Source:
    """A module to begin with, and the command that makes its text."""

    module: Module
    trail: Trail


def kind_of(path: Path) -> str:
    """``text``, ``plan`` or ``model``, by the path's name and what is there."""
    if path == STDIN or path.suffix == ".fism":
        return "text"
    return "plan" if (path / MANIFEST).is_file() else "model"


def refuse_options(
    context: click.Context, source: Path, kind: str, applies: Mapping[str, tuple[str, ...]]
) -> None:
    """Raises InputError for an option given that says nothing of such a source.

    applies: the kinds of source that an option is for, by the option's name.
    """
    for name, kinds in applies.items():
        if kind not in kinds and was_given(context, name):
            what = " or ".join(f"a {each}" for each in kinds)
            raise InputError(
                f"--{name.replace('_', '-')} does not apply to a {kind}",
                why=f"it is for {what}, and {source} is a {kind}",
            )


def read_plan(path: Path, stage: str) -> Source:
    """A stage of a plan. Raises InputError if it has no such stage."""
    from fastism.errors import FastismError, did_you_mean
    from fastism.io.plan_folder import load_plan
    from fastism.passes.pipeline import parse_pipeline

    contents = load_plan(path)
    stages = contents.stages
    if stage not in stages:
        raise InputError(
            f"{path} has no stage {stage!r}",
            why=f"it has {', '.join(stages)}",
            attempt=did_you_mean(stage, stages),
        )
    begun = Source(stages[stage], Trail((str(path), "--stage", stage)))
    try:
        passes = parse_pipeline(str(contents.manifest["pipeline"]))
    except (FastismError, KeyError):  # a pass of the user's that is not registered here
        return begun
    made_by = passes[: list(stages).index(stage)]
    return Source(begun.module, Trail((str(path),)).after(made_by))


def read_text(path: Path, held: Mapping[str, Constant] | None, weights: Path | None) -> Source:
    """A module's text, of a file or on standard input.

    held: the content of the weights by hash, which the plan ``weights`` has. Raises InputError if
    there is no such file, ParseError for text that is wrong.
    """
    from fastism.ir.parser import decode, read_module

    name = "<stdin>" if path == STDIN else str(path)
    if path != STDIN:
        require_file(path, "file")
    given = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    text = decode(given, name)
    module = read_module(text, held, name=name)
    words = [str(path)] if weights is None else [str(path), "--weights", str(weights)]
    own = Trail(() if path == STDIN else tuple(words))
    return Source(module, Trail.in_text(text) or own)


def edited(begun: Source, sites: Any, context: click.Context) -> Source:
    """The source for other sites or outputs, where these were named and its stage is an early one.

    sites: as `fastism.runtime.sites` takes them, None where none were named.
    """
    from fastism.ir.stages import reached
    from fastism.runtime.sites import parse_sites as parse

    module, given = begun.module, context.params
    outputs = given.get("outputs") or ()
    named = [name for name in ("sites", "width", "outputs") if was_given(context, name)]
    if not named:
        return begun
    moved = any(name != "outputs" for name in named)
    if reached(module.stage, "annotated"):
        raise InputError(
            f"--{named[0]} does not apply to text of stage {module.stage}",
            why="its ranges and tables are those of the sites and outputs it names",
            attempt="begin with the text of a stage before annotated",
        )
    if outputs:
        module = module.with_outputs(outputs)
    if moved:
        length = module.main.values[module.seq_input].type.length
        module = module.replace(sites=parse(sites, length, given["width"]))
    names = (*(("sites", "width") if moved else ()), *(("outputs",) if outputs else ()))
    return Source(module, begun.trail.given(context, names))


def read_weights(path: Path | None) -> dict[str, Constant] | None:
    """The weights and tables that a plan holds, by hash."""
    from fastism.io.plan_folder import load_plan
    from fastism.ir.module import contents

    return None if path is None else contents(load_plan(path).stages.values())
