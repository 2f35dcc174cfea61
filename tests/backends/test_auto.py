"""The backend that runs each graph by the faster of two, and how compiling chooses."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import fastism
from fastism import api, caching
from fastism.backends import auto
from fastism.backends.base import WAYS
from fastism.backends.native.program import Native
from fastism.calibration.nominal import NOMINAL
from fastism.checking.stored import check_stages
from fastism.errors import InputError
from fastism.ir.program import Program
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.runtime.tune import tune
from fastism.testing.conformance import MODELS
from tests.runtime.times import said
from tests.zoo.policies import mixture


@pytest.fixture(scope="module")
def plan() -> Plan:
    return api.compile(MODELS["dilated_tower"](), backend="auto", tune=False)


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


class Times:
    """In place of timing: what each way takes, by the option that switches it on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
        self.seconds = {"native": 2e-6, "tensorflow": 3e-6, "fuse": 4e-6, **seconds}
        said(monkeypatch, self)
        monkeypatch.setattr("fastism.runtime.tune.time", SimpleNamespace(perf_counter=lambda: 0.0))
        for name in ("known", "measured"):
            monkeypatch.setattr(api, name, lambda: NOMINAL)
        monkeypatch.setenv(caching.VARIABLE, "")
        ways = replace(WAYS["auto"], in_forms=lambda *_: {})
        monkeypatch.setitem(WAYS, "auto", ways)

    def __call__(self, executor: Executor, graph: str, pairs: int) -> float:
        attributes = executor.module.graph[graph].attributes
        on = [name for name in ("tensorflow", "fuse") if attributes.get(f"auto.{name}")]
        native = isinstance(executor.functions[graph], Native)
        assert native == (not on)
        return self.seconds[on[0] if on else "native"]


def took(plan: Plan) -> set[tuple[tuple[str, int], ...]]:
    """What each way that was timed took, in microseconds, by graph; the chosen one first."""
    return {
        tuple(
            (way.name, round(1e6 * way.measured_seconds))
            for way in group.ways
            if way.measured_seconds is not None
        )
        for group in plan.executor.groups
    }


def test_the_default_runs_what_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schedule keeps what each way took, the chosen one first."""
    monkeypatch.delenv("FASTISM_BACKEND")
    times = Times(monkeypatch)
    plan = api.compile(MODELS["dilated_tower"]())
    assert plan.backend == "auto"
    assert runs_natively(plan) == {True}
    fused = auto.FUSED.label
    assert took(plan) == {(("native", 2), ("TensorFlow", 3), (fused, 4))}
    times.seconds["native"] = 9e-6
    other, trials = tune(plan)
    assert runs_natively(other) == {False}
    assert took(other) == {(("TensorFlow", 3), ("native", 9), (fused, 4))}
    assert [1e6 * group.measured_seconds for group in other.executor.groups] == pytest.approx(
        [3, 3]
    )
    assert {trial.variant for trial in trials} == {None, auto.BY_TENSORFLOW, auto.FUSED}
    inputs = random_inputs(plan.module.main, 2)
    one, two = plan(inputs), other(inputs)
    for name in plan.output_names:
        apart = np.abs(one[name].alternate - two[name].alternate).max()
        assert apart < 1e-5 * np.abs(one[name].alternate).max()


def test_what_is_far_behind_is_tried_no_finer(monkeypatch, plan: Plan) -> None:
    Times(monkeypatch, tensorflow=5e-6)
    _, trials = tune(plan)
    assert {trial.variant for trial in trials} == {None, auto.BY_TENSORFLOW}
    sizes = {trial.pairs for trial in trials if trial.variant is not None}
    full = {min(group.pairs, 128 * len(group.sites) // 2) for group in plan.executor.groups}
    assert sizes == full  # the first ones alone


def test_the_choice_is_stored_and_read_on_any_machine(monkeypatch, tmp_path, plan: Plan) -> None:
    """As a choice: of the code nothing is in the plan."""
    Times(monkeypatch, tensorflow=1e-6)
    chosen, _ = tune(plan)
    chosen.save(tmp_path / "plan")
    again = fastism.load(tmp_path / "plan")
    assert took(again) == took(chosen)
    assert took(again) == {(("TensorFlow", 1), ("native", 2), (auto.FUSED.label, 4))}
    assert runs_natively(again) == {False}
    check_stages(again.stages, again.pipeline)
    monkeypatch.setattr(auto, "find_spec", lambda name: None)  # native, where it cannot be
    plan.save(tmp_path / "native")
    assert runs_natively(fastism.load(tmp_path / "native")) == {False}


NO_CHOICE = {
    "llvmlite is not installed": ("find_spec", lambda name: None),
    "TensorFlow has a GPU": ("has_gpu", lambda: True),
}


@pytest.mark.parametrize("why", NO_CHOICE)
def test_where_there_is_no_choice_it_says_why(monkeypatch, plan: Plan, why: str) -> None:
    monkeypatch.setattr(auto, *NO_CHOICE[why])
    assert runs_natively(plan.with_module(plan.module)) == {False}
    Times(monkeypatch)
    tuned, trials = tune(plan)
    assert None not in {trial.variant for trial in trials}
    assert {group.no_choice for group in tuned.executor.groups} == {why}
    assert took(tuned) == {(("TensorFlow", 3), (auto.FUSED.label, 4))}
    monkeypatch.undo()
    Times(monkeypatch)
    freed, _ = tune(tuned)
    assert {group.no_choice for group in freed.executor.groups} == {None}
    assert runs_natively(freed) == {True}


def test_other_numbers_than_f32_are_tensorflows() -> None:
    plan = api.compile(mixture("float64"), backend="auto", tune=False)
    assert runs_natively(plan) == {False}
    for group in plan.executor.groups:
        why = auto.no_choice(plan.module, group.graph)
        assert why == "it computes in f64, and native loops in f32"


def test_what_live_layers_compute_is_no_choice() -> None:
    """Nor is it where native loops would put what they read together; where one multiplies, it is.

    So compiling takes no longer than with TensorFlow alone.
    """
    layers = keras.layers
    given = keras.Input((40, 4))
    recurrent = layers.LSTM(3)(given)
    for model, why in (
        (keras.Model(given, recurrent), "live layers do all that takes time in it"),
        (keras.Model(given, layers.Dense(2)(recurrent)), None),
    ):
        plan = api.compile(model, backend="auto", tune=False)
        (group,) = plan.executor.groups
        assert group.no_choice == why
        assert runs_natively(plan) == {why is None}


def test_nothing_is_timed_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastism.runtime.tune.Timed", pytest.fail)
    model = MODELS["dilated_tower"]()
    api.compile(model, backend="auto", tune=False)
    api.compile(model, backend="native")
    monkeypatch.setenv("FASTISM_BACKEND", "native")
    assert api.compile(model).backend == "native"
    monkeypatch.setenv("FASTISM_BACKEND", "nativ")
    with pytest.raises(InputError, match="no backend 'nativ'"):
        api.compile(model)
