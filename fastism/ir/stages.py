"""The stages a module goes through: which ops each allows, and what must hold in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastism.errors import VerifyError, did_you_mean


@dataclass(frozen=True)
class Stage:
    """One row of the table.

    made_by: the pass that makes it.
    ops: the kinds (``OpDefinition.stages``) legal in the model's own graph.
    holds: what the verifier checks, as a sentence.
    propagation: the kinds legal in the propagation graphs; empty where the stage has none.
    """

    name: str
    made_by: str
    ops: frozenset[str]
    holds: str
    propagation: frozenset[str] = frozenset()


_SOURCE: Final = frozenset({"source"})
_SPLIT: Final = (_SOURCE | {"intout"}, _SOURCE | {"propagation"})

STAGES: Final = (
    Stage(
        "imported",
        "import",
        _SOURCE | {"imported", "call"},
        "every node has an origin; nested models are calls to other graphs of the module",
    ),
    Stage("flat", "flatten", _SOURCE | {"imported"}, "there is one graph"),
    Stage(
        "canonical",
        "canonicalize",
        _SOURCE,
        "no op that does nothing; activations are nodes of their own; dense works on (N, C) only",
    ),
    Stage(
        "annotated",
        "annotate",
        _SOURCE,
        "every value carries the change and need ranges that the ops' rules give",
    ),
    Stage(
        "segmented",
        "segment",
        _SOURCE,
        "every node has a segment and a mode; a node where locality ends says why",
    ),
    Stage(
        "split",
        "split",
        _SPLIT[0],
        "propagation graphs read the reference through values that intout outputs, and only so",
        _SPLIT[1],
    ),
    Stage(
        "scheduled",
        "schedule",
        _SPLIT[0],
        "as split; the sites are grouped and the chunks sized",
        _SPLIT[1],
    ),
)
"""Every stage, in order."""

MODES: Final = ("reference", "delta", "exit", "whole")
"""How a segmented node runs: the edit never reaches it; on a window of deltas; from a window to a
value without positions; on the whole mutated value."""

_ORDER: Final = {stage.name: index for index, stage in enumerate(STAGES)}


def stage(name: str) -> Stage:
    """The row of a stage. Raises VerifyError for a name that is not in the table."""
    if name not in _ORDER:
        error = VerifyError(
            f"there is no stage {name!r}",
            why=f"the stages are {', '.join(_ORDER)}",
            attempt=did_you_mean(name, _ORDER),
        )
        error.part = "stage:"
        raise error
    return STAGES[_ORDER[name]]


def reached(name: str, milestone: str) -> bool:
    """Whether stage ``name`` is ``milestone`` or comes after it."""
    return _ORDER[stage(name).name] >= _ORDER[milestone]


def next_pass(name: str) -> str | None:
    """The pass that makes the stage after this one; None after the last (or an unknown one)."""
    following = _ORDER.get(name, len(STAGES)) + 1
    return STAGES[following].made_by if following < len(STAGES) else None
