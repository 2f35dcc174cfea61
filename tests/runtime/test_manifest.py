"""A manifest that does not fit its plan is refused when the plan is loaded, and by verify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastism import api, data
from fastism.cli import main
from fastism.errors import PlanError


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifest") / "plan"
    api.compile(data.path("demo.h5")).save(folder)
    return folder


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outputs", ["another"]),
        ("output_positions", ["0"]),
        ("output_positions", []),
        ("pipeline", 3),
        ("backend", None),
        ("alternatives", "letters"),
    ],
)
def test_a_field_that_does_not_fit(plan: Path, field: str, value: Any) -> None:
    path = plan / "manifest.json"
    before = path.read_text()
    manifest = json.loads(before)
    manifest["plan"][field] = value
    path.write_text(json.dumps(manifest))
    try:
        with pytest.raises(PlanError, match=f"the {field} in its manifest"):
            api.load(plan)
        assert main(["verify", str(plan)]) == 2
    finally:
        path.write_text(before)
    assert main(["verify", str(plan)]) == 0
