"""Hold a stored plan against itself: run its recorded passes again, and compare every stage.

Each pass is given the stored module before it, so the first stage that differs names the pass whose
result was altered, or which no longer makes what it made.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from fastism.backends import registry as backends
from fastism.checking.modules import first_difference
from fastism.errors import FastismError, MismatchError, PlanError
from fastism.ir.module import Module
from fastism.ir.program import Program
from fastism.passes.manager import Pipeline
from fastism.passes.pipeline import parse_pipeline
from fastism.runtime.alternatives import parse_alternatives


def check_record(manifest: Mapping[str, Any], stages: Sequence[Module]) -> None:
    """Raises PlanError unless a plan's manifest names a known backend, passes and alternatives."""
    backend, imported, known = manifest["backend"], stages[0], backends.names()
    if backend not in known:
        near = difflib.get_close_matches(backend, known, n=1)
        raise PlanError(
            f"the plan is for a backend that is not there: {backend!r}",
            why=f"known: {', '.join(known)}",
            attempt=f"did it say {near[0]!r}?" if near else None,
        )
    try:
        passes = parse_pipeline(manifest["pipeline"])
        edited = imported.main.values[imported.seq_input].type
        width = imported.sites.width if imported.sites else 1
        tokens = imported.seq_input in imported.tokens
        parse_alternatives(manifest["alternatives"], width, edited, tokens=tokens)
    except FastismError as error:
        raise PlanError(
            f"the plan's manifest does not fit its stages: {error.what}",
            where=error.where,
            why=error.why,
            attempt=error.attempt,
            context=error.context,
        ) from error
    if len(stages) != len(passes) + 1:
        raise PlanError(
            f"the plan holds {len(stages)} stages, and its pipeline makes {len(passes) + 1}",
            why=f"the pipeline is {manifest['pipeline']}",
            attempt="compile the model again",
        )


def check_stages(stages: Sequence[Module], pipeline: str) -> None:
    """Run every recorded pass on the stored module before it; the result must be the stored one.

    The schedule may have been tuned on a machine: what tuning chooses is taken as it is.

    Raises MismatchError, naming the pass and the first node or table that differs, and PassError
    where a pass is unknown or fails.
    """
    for index, (before, stored) in enumerate(pairwise(stages)):
        different = first_difference(made_again(pipeline, index, before, stored), stored)
        if different is not None:
            name = stored.after
            raise MismatchError(
                f"the stored {stored.stage} stage is not what the pass {name} makes: "
                f"{different.subject} {different.what}",
                where=f"stage {stored.stage}, after {name}",
                context=different.context,
                why=f"{name} was run again on the stored {before.stage} stage",
                attempt="compile the model again; if that differs too, the pass has changed since",
            )


def made_again(pipeline: str, index: int, before: Module, stored: Module) -> Module:
    """What a pass of the pipeline makes of a module, scheduled as the stored one was tuned.

    Raises PassError where the pass is unknown or fails.
    """
    made = Pipeline((parse_pipeline(pipeline)[index],)).run(before)
    if made.stage != "scheduled" or list(made.graph) != list(stored.graph):
        return made
    graphs = []
    for group, tuned in zip(Program.of(made).groups, Program.of(stored).groups, strict=True):
        options = {name: value for name, value in tuned.graph.attributes.items() if "." in name}
        graphs.append(
            group.rescheduled(
                pairs=tuned.pairs,
                measured_seconds=tuned.measured_seconds,
                live=tuned.live,
                ways=tuned.ways,
                no_choice=tuned.no_choice,
                options=options,
            )
        )
    return made.with_graphs([made.main, *graphs])
