"""What a run says as it goes on, by a call of the plan and by single items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism.errors import FastismWarning
from tests.compiled import compiled_case

CASE = compiled_case("two_inputs_dict", "reference")
SITES = len(CASE.plan.executor.starts)
RUNS: list[tuple[int, Callable[..., Any]]] = [
    (2 * SITES * 4, CASE.plan),
    (3, lambda x, **options: CASE.plan.score_items(x, [1, 0, 1], [0, 3, 9], [2, 1, 0], **options)),
]


@pytest.mark.parametrize(("total", "run"), RUNS)
def test_progress_counts_every_item_once(total: int, run: Callable[..., Any]) -> None:
    said: list[tuple[int, int]] = []
    run(CASE.inputs, batch_size=1, progress=lambda *now: said.append(now))
    assert said[-1] == (total, total)
    assert said == sorted(said)


@pytest.mark.parametrize(("total", "run"), RUNS)
def test_the_warning_points_at_the_call(
    total: int, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CASE.plan.executor, "_drowned", lambda saved: np.ones(2, np.bool_))
    with pytest.warns(FastismWarning, match=f"of {total} edits.* predicted in full") as warned:
        run(CASE.inputs)
    assert {Path(warning.filename) for warning in warned} == {Path(__file__)}
