"""ONNX as the backend of a plan, and the verb that exports one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastism.api as api
from fastism.cli import main
from fastism.runtime.inputs import random_inputs
from tests.exported import Export
from tests.zoo import ENTRIES


def test_a_plan_compiled_for_onnx(exported: Export, tmp_path: Path) -> None:
    plan = api.compile(ENTRIES["dense_only"].build(), backend="onnx")
    inputs = random_inputs(plan.module.main, 2, seed=0)
    wanted = exported("dense_only").plan(inputs)
    np.testing.assert_allclose(plan(inputs).alternate, wanted.alternate, atol=1e-5)
    plan.save(tmp_path / "plan")
    assert api.load(tmp_path / "plan").backend == "onnx"


def test_the_verb_exports_and_checks(
    exported: Export,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    found = exported("dense_only")
    found.plan.save("plan")
    assert main(["export", "plan", "--onnx", "out"]) == 0
    written = capsys.readouterr().out.split()
    assert written == [f"out/{path.name}" for path in sorted(found.folder.iterdir())]
    assert sorted(map(str, Path("out").iterdir())) == written
    assert main(["export", "plan", "--onnx", "out"]) == 2
    assert "out exists already" in capsys.readouterr().err
    assert main(["export", "plan", "--onnx", "out", "--force", "--no-check"]) == 0
