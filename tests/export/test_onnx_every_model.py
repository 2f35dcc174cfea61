"""Every model of the zoo, exported: onnxruntime gives the plan's scores, or says what it lacks."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from fastism.backends.onnx.session import session
from fastism.errors import FastismError
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from tests.exported import Export
from tests.zoo import ENTRIES

pytestmark = pytest.mark.sweep

NOT_THERE = {
    "policy_float64": "could not find an implementation for conv",
    "policies_meet": "could not find an implementation for conv",
    "policy_half_recurrent": "would not be valid onnx",
}
"""What onnxruntime has no kernel for (float64), and what tf2onnx writes with types that clash."""


@pytest.mark.parametrize("name", ENTRIES)
def test_scores_are_the_plans(exported: Export, name: str) -> None:
    if name in NOT_THERE:
        with pytest.raises(FastismError, match=f"(?i){NOT_THERE[name]}"):
            compare(exported, name)
    else:
        compare(exported, name)


def compare(exported: Export, name: str) -> None:
    found = exported(name)
    module, other = found.plan.module, copy.copy(found.plan)
    functions = {g.name: session(found.folder / f"{g.name}.onnx") for g in module.graphs}
    other.executor = Executor(module, functions)
    inputs = random_inputs(module.main, 1, seed=1)
    wanted, scores = found.plan(inputs), other(inputs)
    for output in found.plan.output_names:
        scale = np.abs(wanted[output].reference.astype(float)).max()
        np.testing.assert_allclose(
            scores[output].alternate.astype(float),
            wanted[output].alternate.astype(float),
            rtol=0,
            atol=1e-5 * scale,
        )
