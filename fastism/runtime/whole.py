"""Whether a scheduled module has all that running it takes: its weights, and its live layers."""

from __future__ import annotations

from collections.abc import Container

from fastism.errors import InputError
from fastism.ir.module import Module


def check_runs(module: Module, opaque: Container[str]) -> None:
    """Raises InputError for a constant without content, or a live layer that is not given."""
    for name, constant in module.constants.items():
        if constant.data is None:
            raise InputError(
                f"the constant @{name} has no content, so the {module.stage} module does not run",
                why="it was read from text, which holds hashes only",
                attempt="give the text with its weights: --weights PLAN; a table that an edit "
                "made is in no plan, and comes with the stage before it",
            )
    for graph in module.graphs:
        for node in graph.nodes:
            key = node.attributes.get("key")
            if key is not None and str(key) not in opaque:
                raise InputError(
                    f"layer {node.origin.layer if node.origin else node.name!r} is run by Keras "
                    "itself, and the module holds its name only",
                    attempt="--weights PLAN, of the plan that has it; in Python plan=",
                )
