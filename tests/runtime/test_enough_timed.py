"""How much of a chunk tuning runs: enough to tell, where all of it would take long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from fastism.backends.base import WAYS, Variant, Ways
from fastism.ir import Module
from fastism.ir.ways import Way
from fastism.runtime import tune as tuning
from fastism.runtime.plan import Plan
from fastism.runtime.tune import tune
from tests.runtime.small import EDGE, MIDDLE, group_of, two_graphs
from tests.runtime.times import Blocks, said

OTHER = Variant("reference.other", "the other way")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Of 4 sites and of 20."""
    return two_graphs()


@pytest.fixture(autouse=True)
def ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WAYS, "reference", Ways("plain", (OTHER,)))


def predicted(plan: Plan, seconds: float) -> Plan:
    """The plan, of each of whose graphs a full chunk a worker is predicted to take so long."""
    program = plan.executor.program
    return plan.with_module(
        program.rescheduled(
            group.rescheduled(
                ways=[
                    Way(name, seconds / (group.items * group.workers))
                    for name in ("plain", OTHER.label)
                ]
            )
            for group in program.groups
        )
    )


@pytest.mark.parametrize(("chunks", "pairs"), [(0.9, 6), (1.6, 4), (100.0, 1)])
def test_a_function_that_cuts_pairs_itself_is_timed_on_enough(
    plan, monkeypatch, chunks, pairs
) -> None:
    """Its schedule stays as it was; others are timed on full chunks."""

    def emit(module: Module) -> Mapping[str, Any]:
        return {**plan.emit(module), EDGE: Blocks(plan.emit(module)[EDGE])}

    ran: list[tuple[str, int]] = []
    said(monkeypatch, lambda executor, *how: ran.append(how) or 1.0)
    long = predicted(plan.run_by("reference", emit), chunks * tuning.RUN_SECONDS)
    tuned, trials = tune(long)
    assert ran[:2] == [(MIDDLE, 6), (EDGE, pairs)]
    assert [(trial.graph, trial.pairs) for trial in trials[:2]] == [(MIDDLE, 6), (EDGE, 6)]
    assert group_of(tuned, EDGE).pairs == 6


@pytest.mark.parametrize(("chunks", "far"), [(0.9, np.inf), (1.6, 1.5 * 0.25)])
def test_a_part_may_show_that_a_way_is_far_behind_where_a_chunk_takes_long(
    plan, monkeypatch, chunks, far
) -> None:
    """Behind the best of what was tried of that graph."""
    asked: list[float] = []
    said(monkeypatch, lambda *_: 0.25)

    class Told(tuning.Timed):  # type: ignore[misc]  # what `said` put in its place
        def settle(self, **options: Any) -> None:
            asked.append(options["far"])
            super().settle(**options)

    monkeypatch.setattr(tuning, "Timed", Told)
    tune(predicted(plan, chunks * tuning.RUN_SECONDS))
    assert asked[:4] == [np.inf, np.inf, far, far]
