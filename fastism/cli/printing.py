"""What ``opt`` prints on the way, and the table of passes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from fastism.cli.session import Session

if TYPE_CHECKING:
    from fastism.ir.module import Module
    from fastism.passes.base import Pass


@dataclass
class PrintEach:
    """An instrument: print the module after the passes of some names; after all if None."""

    text: Callable[[Module, Sequence[Pass]], str]
    names: tuple[str, ...] | None
    passes: list[Pass] = field(default_factory=list)

    def after(self, pass_: Pass, module: Module) -> None:
        self.passes.append(pass_)
        if self.names is None or pass_.name in self.names:
            click.echo(self.text(module, self.passes))


def list_passes(session: Session) -> None:
    """A table of the passes a pipeline may name, with their options."""
    from fastism.passes import lookup, names

    rows = []
    for name in names():
        pass_type = lookup(name)
        needs = ", ".join(pass_type.requires) or "any"
        options = [_option(option) for option in dataclasses.fields(pass_type)]
        does = (pass_type.__doc__ or "").strip().partition("\n")[0]
        rows.append((name, needs, pass_type.produces or "the same", " ".join(options), does))
    session.table(["pass", "needs the stage", "makes", "options", "what it does"], rows)


def _option(option: dataclasses.Field[object]) -> str:
    from fastism.passes.options import write

    name = option.name.replace("_", "-")
    if option.default is dataclasses.MISSING:
        return f"{name}=..."
    return f"{name}={write(option.default)}"  # type: ignore[arg-type]
