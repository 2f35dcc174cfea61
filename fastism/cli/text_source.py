"""``fastism compile`` from a module's text: the passes that are still to come, then a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from fastism.cli.reductions import NAMES
from fastism.cli.session import Session
from fastism.cli.sources import edited, read_text, refuse_options
from fastism.cli.trail import was_given
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.runtime.plan import Plan

APPLIES: Final = {
    **dict.fromkeys(
        ("seq_input", "length", "architecture", "signature", "no_check", *NAMES),
        ("model",),
    ),
    "weights": ("text",),
}
"""The kinds of source an option of `compile` says something of, where not of both."""


def plan_of_text(
    session: Session, context: click.Context, text: Path, sites: Any, **options: Any
) -> Plan:
    """The plan that a text becomes with the weights of another plan.

    Options as `fastism.api.from_module` and `fastism.load` take them. Raises InputError without
    ``--weights``.
    """
    from fastism.io.plan_folder import load_plan
    from fastism.ir.module import contents

    refuse_options(context, text, "text", APPLIES)
    weights: Path | None = context.params["weights"]
    if weights is None:
        raise InputError(
            f"{text} holds the hashes of its weights only",
            attempt=f"fastism compile {text} --weights PLAN -o {context.params['output']}, "
            "of a plan of the same model",
        )
    held = contents(load_plan(weights).stages.values())
    begun = edited(read_text(text, held, weights), sites, context)

    session.load_tensorflow()
    from fastism import api

    loading = {key: options.pop(key) for key in ("custom_objects", "unsafe")}
    plan = api.load(weights, **loading)
    own = begun.module.sites
    if options["alternatives"] is None and own is not None and own.width != plan.executor.width:
        raise InputError(
            f"the text edits {own.width} positions together, and {weights} {plan.executor.width}",
            why="so its alternatives do not fit",
            attempt="--alternatives zeros",
        )
    if begun.module.stage == "scheduled" and not was_given(context, "tune"):
        options["tune"] = False  # the text has its schedule
    return api.from_module(begun.module, plan=plan, **options)
