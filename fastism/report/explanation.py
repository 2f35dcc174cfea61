"""Everything `fastism explain` says of a plan, as plain data; `as_json` gives it stable keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastism.errors import InputError
from fastism.ir.module import Module
from fastism.report.boundaries import BoundaryRow, boundary_rows
from fastism.report.values import SiteRow, ValueRow, site_rows, value_rows
from fastism.runtime.report import SegmentRow, Summary, average_macs, segment_rows, summary


@dataclass(frozen=True)
class Explanation:
    """A compiled model, explained; the rows stand in the order of the graph.

    sites, width: how many places are edited, and the positions of each. length: of the edited
    input, ``seq_input``. outputs: by the user's names.
    """

    model: str
    seq_input: str
    length: int
    sites: int
    width: int
    outputs: tuple[str, ...]
    values: tuple[ValueRow, ...]
    segments: tuple[SegmentRow, ...]
    boundaries: tuple[BoundaryRow, ...]
    summary: Summary


def explain(stages: Sequence[Module]) -> Explanation:
    """Explain the stages of a plan, imported to scheduled."""
    segmented, scheduled = segmented_stage(stages), stages[-1]
    assert segmented.sites is not None
    spent = average_macs(scheduled)
    return Explanation(
        model=segmented.model,
        seq_input=segmented.seq_input,
        length=segmented.main.values[segmented.seq_input].type.length,
        sites=len(segmented.sites),
        width=segmented.sites.width,
        outputs=segmented.outputs,
        values=value_rows(segmented, scheduled, spent),
        segments=tuple(segment_rows(stages)),
        boundaries=boundary_rows(segmented, scheduled, spent),
        summary=summary(stages),
    )


def explain_site(stages: Sequence[Module], start: int) -> tuple[SiteRow, ...]:
    """Follow the site that starts at a position. Raises InputError if none does."""
    segmented = segmented_stage(stages)
    return site_rows(segmented, site_index(segmented, start))


def site_index(module: Module, start: int) -> int:
    """The index of the site that starts at a position. Raises InputError if none does."""
    starts = module.sites.starts if module.sites else ()
    if start not in starts:
        raise InputError(
            f"no site starts at {start}",
            why=f"the sites start at {min(starts)} to {max(starts)}"
            if starts
            else "there are none",
        )
    return starts.index(start)


def shown_site(module: Module, start: int | None) -> int:
    """The index of the site that a picture shows: that at a position, or the middle one.

    Raises InputError if none starts there.
    """
    assert module.sites is not None
    return len(module.sites) // 2 if start is None else site_index(module, start)


def segmented_stage(stages: Sequence[Module]) -> Module:
    """The last segmented module. Raises InputError where there is none: see `is_segmented`."""
    found = [module for module in stages if module.stage == "segmented"]
    if not found:
        raise InputError(
            "the plan has no segmented stage, which holds how far each edit reaches, and why",
            why=f"it was compiled from text of the {stages[0].stage} stage"
            if stages[0].stage != "imported"
            else "the pipeline that made it has no such pass",
            attempt="fastism explain of a plan made by: fastism compile model.h5 -o plan/, or "
            "fastism compile segmented.fism --weights plan/ -o plan2/ from text of that stage; "
            "without an option it shows what this plan's graphs compute",
        )
    return found[-1]


def is_segmented(stages: Sequence[Module]) -> bool:
    """Whether there is a segmented stage.

    There is none in a plan compiled from text of a later one, or by a pipeline of one's own.
    """
    return any(module.stage == "segmented" for module in stages)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON's own types; the keys are described in docs/explain.md."""
    found = asdict(explanation)
    found["summary"]["predicted_speedup"] = explanation.summary.predicted_speedup
    return found
