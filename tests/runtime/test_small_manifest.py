"""A manifest held against the first stage: every field that cannot be true is named."""

from __future__ import annotations

from typing import Any

import pytest

from fastism.errors import PlanError
from fastism.ir import Module
from fastism.runtime.manifest import check_manifest, manifest_of, reductions_of
from tests.runtime.small import small

CHECKED = {"items": 3, "sites": 2, "largest_difference": 1e-7}
LACKING = object()


@pytest.fixture(scope="module")
def stage() -> Module:
    return small().stages[0]


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return small().manifest


def test_what_a_plan_says_of_itself_is_true(stage: Module, manifest: dict[str, Any]) -> None:
    check_manifest("plan", manifest, stage)
    check_manifest("plan", {**manifest, "letters": [3, 0], "checked": CHECKED}, stage)
    check_manifest("plan", {**manifest, "output_positions": [7, 0, 2]}, stage)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outputs", ["tasks", "mean"]),
        ("outputs", ["mean", "tasks", "track"]),
        ("outputs", LACKING),
        ("output_positions", [0, 1]),
        ("output_positions", [0, 1, 2, 3]),
        ("output_positions", [0, 1, 1]),
        ("output_positions", [0, 1, -1]),
        ("output_positions", [0, 1, 2.0]),
        ("output_positions", [0, 1, True]),
        ("output_positions", "012"),
        ("output_positions", LACKING),
        ("pipeline", ["flatten"]),
        ("pipeline", LACKING),
        ("backend", None),
        ("backend", LACKING),
        ("alternatives", {}),
        ("alternatives", LACKING),
        ("checked", []),
        ("checked", {"items": 3}),
        ("checked", {**CHECKED, "more": 1}),
        ("checked", {**CHECKED, "items": "3"}),
        ("letters", []),
        ("letters", [4]),
        ("letters", [-1]),
        ("letters", [0.0]),
        ("letters", [1, 1]),
        ("letters", "0123"),
    ],
)
def test_a_field_that_cannot_be_true(
    field: str, value: Any, stage: Module, manifest: dict[str, Any]
) -> None:
    wrong = {key: each for key, each in manifest.items() if key != field}
    if value is not LACKING:
        wrong[field] = value
    with pytest.raises(PlanError) as caught:
        check_manifest("some/plan", wrong, stage)
    assert caught.value.what == "some/plan is not a whole plan"
    assert caught.value.why == f"the {field} in its manifest do not fit its stages"


def test_reductions_are_recorded_where_there_are_any() -> None:
    assert manifest_of({}) == {}
    assert reductions_of({}) == {}
    with pytest.raises(PlanError, match=r"\[\] are no reductions"):
        reductions_of({"reductions": []})
