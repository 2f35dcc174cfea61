"""The backend that runs each graph by the faster of two."""

from __future__ import annotations

import numpy as np
import pytest

from fastism import api
from fastism.backends import auto
from fastism.backends.native.program import Native
from fastism.ir.program import Program
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.testing.conformance import MODELS


@pytest.fixture(scope="module")
def plan() -> Plan:
    return api.compile(MODELS["dilated_tower"](), backend="auto")


def scheduled(plan: Plan, option: str) -> Plan:
    program = Program.of(plan.module)
    graphs = [group.rescheduled(options={option: True}) for group in program.groups]
    return plan.with_module(program.rescheduled(graphs))


def runs_natively(plan: Plan) -> set[bool]:
    graphs = plan.executor.groups
    return {isinstance(plan.executor.functions[g.graph.name], Native) for g in graphs}


def test_graphs_run_natively_until_their_schedule_says_otherwise(plan: Plan) -> None:
    assert runs_natively(plan) == {True}
    assert runs_natively(scheduled(plan, auto.BY_TENSORFLOW.option)) == {False}
    assert runs_natively(scheduled(plan, auto.FUSED.option)) == {False}


def test_either_way_the_scores_are_the_models(plan: Plan) -> None:
    inputs = random_inputs(plan.module.main, 2)
    one, two = plan(inputs), scheduled(plan, auto.BY_TENSORFLOW.option)(inputs)
    for name in plan.output_names:
        apart = np.abs(one[name].alternate - two[name].alternate).max()
        assert apart < 1e-5 * np.abs(one[name].alternate).max()


def test_without_llvmlite_everything_runs(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "find_spec", lambda name: None)
    assert runs_natively(plan.with_module(plan.module)) == {False}
