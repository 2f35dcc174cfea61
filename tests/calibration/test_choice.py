"""Which way the cost model would take, and what the schedule notes of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from fastism import api, caching
from fastism.backends import auto
from fastism.backends.base import FUSED, NATIVE, TENSORFLOW
from fastism.calibration import nominal
from fastism.calibration.choice import counted, noted
from fastism.calibration.nominal import NOMINAL, with_fused
from fastism.passes.costs import work_an_item
from fastism.runtime.plan import Plan
from tests.runtime.times import said
from tests.zoo import ENTRIES

SLOW = {NATIVE: replace(NOMINAL[NATIVE], products=1e6), TENSORFLOW: NOMINAL[TENSORFLOW]}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return api.compile(ENTRIES["chain_dilated_same"].build(), backend="auto", tune=False)


def test_every_way_has_its_predicted_time(plan: Plan) -> None:
    for group in plan.executor.groups:
        work = work_an_item(group.graph)
        assert [way.name for way in group.ways] == [NATIVE, TENSORFLOW, FUSED]
        for way in group.ways:
            assert way.predicted_seconds == pytest.approx(work.seconds(NOMINAL[way.name]), abs=1e-9)
            assert way.measured_seconds is None
        assert group.predicted_seconds == group.ways[0].predicted_seconds


def test_the_likely_fastest_runs(plan: Plan) -> None:
    """But for one that takes long to prepare, however fast it would be."""
    slow = plan.with_module(noted(plan.module, "auto", with_fused(SLOW)))
    for group in slow.executor.groups:
        assert [way.name for way in group.ways] == [TENSORFLOW, NATIVE, FUSED]
        assert group.graph.attributes[auto.BY_TENSORFLOW.option] is True
        assert group.graph.attributes[auto.FUSED.option] is False


def test_where_there_is_no_choice_tensorflow_runs(plan: Plan, monkeypatch) -> None:
    monkeypatch.setattr(auto, "find_spec", lambda name: None)
    for group in plan.with_module(noted(plan.module, "auto", NOMINAL)).executor.groups:
        assert [way.name for way in group.ways] == [TENSORFLOW, FUSED]
        assert group.no_choice == "llvmlite is not installed"


def test_of_a_backend_without_speeds_nothing_is_noted(plan: Plan) -> None:
    assert noted(plan.module, "reference", NOMINAL) is plan.module


def test_a_timed_plan_is_made_by_this_machines_speeds(monkeypatch) -> None:
    """The passes are told them, so that the plan can be made again; an untimed one is the same
    everywhere."""
    here = nominal.with_fused(
        {**NOMINAL, NATIVE: replace(NOMINAL[NATIVE], products=3e9, bytes=2e9)}
    )
    monkeypatch.setattr(api, "known", lambda: None)
    monkeypatch.setattr(api, "measured", lambda: here)
    monkeypatch.setenv(caching.VARIABLE, "")
    monkeypatch.setattr("fastism.calibration.choice.live_shares", lambda plan, groups: {})
    said(monkeypatch, lambda *_: 1e-6)
    monkeypatch.setattr("fastism.runtime.tune.time", SimpleNamespace(perf_counter=lambda: 0.0))
    model = ENTRIES["chain_dilated_same"].build()
    plan = api.compile(model, backend="auto")
    rates = "rates=3000000000.0,2000000000.0"
    assert plan.pipeline.count(rates) == 2
    assert plan.pipeline == api.compile(model, backend="native", tune=True).pipeline
    for group in plan.executor.groups:
        expected = work_an_item(group.graph).seconds(here[NATIVE])
        assert group.predicted_seconds == pytest.approx(expected, abs=1e-9)
    assert "rates" not in api.compile(model, backend="auto", tune=False).pipeline
    assert "rates" not in api.compile(model, backend="reference", tune=True).pipeline


def test_a_timed_plan_goes_by_the_zeros_of_its_weights(monkeypatch) -> None:
    """TensorFlow multiplies them like any other; what nobody counted keeps its time."""
    plan = api.compile(ENTRIES["chain_dilated_same"].build(), backend="auto", tune=False)
    (group,) = plan.executor.groups
    monkeypatch.setattr(
        "fastism.calibration.choice.live_shares", lambda plan, groups: {groups[0].graph.name: 0.25}
    )
    (found,) = counted(plan, NOMINAL).executor.groups
    work = work_an_item(group.graph)
    assert group.live is None
    assert found.live == 0.25
    expected = work.seconds(NOMINAL[NATIVE], 0.25)
    assert expected < work.seconds(NOMINAL[NATIVE], 0.5)
    assert found.predicted_seconds == pytest.approx(expected, abs=1e-9)
    assert [way.name for way in found.ways] == [way.name for way in group.ways]
    assert found.ways[1:] == group.ways[1:]
    monkeypatch.setattr("fastism.calibration.choice.live_shares", lambda plan, groups: {})
    assert counted(plan, NOMINAL).executor.groups[0].ways == group.ways
    assert counted(plan, {TENSORFLOW: NOMINAL[TENSORFLOW]}) is plan
