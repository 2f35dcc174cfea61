"""What a plan would be with other options, foretold from its stored stages.

The passes run again, nothing is timed and no model is loaded: what comes out is what
`fastism compile` with those options would make, as far as the stored stages say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from fastism.ir.module import Module
from fastism.passes.manager import Pipeline
from fastism.passes.set_length import SetLength
from fastism.report.explanation import Explanation, explain
from fastism.report.values import ValueRow
from fastism.runtime.report import Summary


@dataclass(frozen=True)
class Placed:
    """How a value is computed: its mode, its window and its length."""

    mode: str | None
    window: int
    length: int

    def differs(self, other: Placed) -> bool:
        """Whether it runs otherwise, and not merely in a longer value."""
        return self.mode != other.mode or (self.mode == "delta" and self.window != other.window)


@dataclass(frozen=True)
class Difference:
    """A value that runs in another mode, or on another window.

    ``before`` or ``after`` is None where it is not there.
    """

    value: str
    layer: str
    before: Placed | None
    after: Placed | None


@dataclass(frozen=True)
class WhatIf:
    """Totals before and after a change of options, and the values it changes.

    length, sites: of the edited input, before and after.
    """

    stop: tuple[str, ...]
    outputs: tuple[str, ...]
    length: tuple[int, int]
    sites: tuple[int, int]
    before: Summary
    after: Summary
    values: tuple[Difference, ...]

    @property
    def times(self) -> float:
        """The predicted seconds an item after the change, over those before."""
        return self.after.predicted_seconds / max(self.before.predicted_seconds, 1e-12)


def restage(
    stages: Sequence[Module],
    pipeline: str,
    *,
    stop: tuple[str, ...] = (),
    length: int | None = None,
    outputs: tuple[str, ...] = (),
) -> tuple[Module, ...]:
    """The stages that a plan would have with other options.

    stages, pipeline: the plan's own. stop: layers to stop at besides its own. outputs: those
    wanted, of its own; none for all of them. Raises InputError or PassError where they do not fit,
    also for a length that a layer fixes.
    """
    imported = stages[0].with_outputs(outputs) if outputs else stages[0]
    passes = Pipeline.parse(pipeline).with_stops(stop)
    if length is None:
        return passes.run_stages(imported)
    flat = Pipeline.parse("flatten").run(imported)
    return passes.run_stages(Pipeline((SetLength(length),)).run(flat))


def compare(before: Sequence[Module], after: Sequence[Module], stop: tuple[str, ...]) -> WhatIf:
    """What the change from some stages to others means."""
    old, new = explain(before), explain(after)
    return WhatIf(
        stop=stop,
        outputs=new.outputs,
        length=(old.length, new.length),
        sites=(old.sites, new.sites),
        before=old.summary,
        after=new.summary,
        values=_differences(old, new),
    )


def _differences(old: Explanation, new: Explanation) -> tuple[Difference, ...]:
    before, after = ({row.value: row for row in each.values} for each in (old, new))
    found = []
    for name in dict.fromkeys(chain(before, after)):
        one, other = (_placed(rows.get(name)) for rows in (before, after))
        if one is None or other is None or one.differs(other):
            row = after.get(name) or before[name]
            found.append(Difference(name, row.layer, one, other))
    return tuple(found)


def _placed(row: ValueRow | None) -> Placed | None:
    return Placed(row.mode, row.window, row.length) if row else None
