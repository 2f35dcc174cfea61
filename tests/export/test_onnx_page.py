"""The runner that the page on ONNX shows: by the manifest alone, it gives the plan's scores."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism.runtime.inputs import random_inputs
from tests.exported import Export

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"


def runner() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


@pytest.mark.parametrize(
    "name", ["local_and_global_outputs", "two_inputs_late", "global_maximum", "lstm"]
)
def test_it_gives_the_scores(name: str, exported: Export) -> None:
    found, space = exported(name), dict[str, Any]()
    exec(runner(), space)
    inputs = random_inputs(found.plan.module.main, 2, seed=3)
    wanted, scores = found.plan(inputs), space["score"](found.folder, inputs)
    assert list(scores) == list(found.plan.output_names)
    for output, array in scores.items():
        scale = np.abs(wanted[output].alternate).max()
        np.testing.assert_allclose(array, wanted[output].alternate, rtol=0, atol=1e-5 * scale)


def test_it_needs_neither_fastism_nor_many_lines() -> None:
    lines = [line for line in runner().splitlines() if line]
    assert len(lines) <= 25
    imported = {line.split()[1] for line in lines if line.startswith(("import", "from"))}
    assert imported == {"json", "numpy", "onnxruntime"}
