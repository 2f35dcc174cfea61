"""What tuning tries, in which order, and what it keeps: by a clock and a backend of the test's own.

The numpy backend pays no heed to options, so that it can be given ways to run graphs; how long each
takes is what a test says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, count, repeat
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.backends.base import WAYS, Variant, Ways
from fastism.ir import Graph, Module, Sites
from fastism.ir.program import Group
from fastism.ir.ways import Way
from fastism.runtime import tune as tuning
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.runtime.tune import Trial, filled, seconds_an_item, tune
from tests.passes.conftest import module_of
from tests.runtime.small import small

OTHER = Variant("reference.other", "the other way")
FUSED = Variant("reference.fuse", "fused", one_size=True, refines=OTHER.option)
MIDDLE, EDGE = "propagate1", "propagate0"
TEXT = """
graph @main(%seq: f32[N,24,4]) {
  %conv : f32[N,24,6] = conv1d(%seq) {width=5, pad=same} @conv.kernel
  %back : f32[N,24,4] = slice(%seq) {start=23, stop=none, step=-1}
  %turned : f32[N,24,6] = conv1d(%back) {width=5, pad=same} @conv.kernel
  %both : f32[N,48,6] = concatenate(%conv, %turned) {axis=1}
  %next : f32[N,48,6] = conv1d(%both) {width=3, pad=same} @next.kernel
  %relu : f32[N,48,6] = relu(%next)
  %sum : f32[N,6] = global_sum_pool(%relu)
  return %sum
}
"""
Taken = Callable[[str, int, str | None], float]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Two graphs, of 4 sites and of 20, whose chunks hold six pairs."""
    random = np.random.default_rng(3)
    shapes = {"conv.kernel": (5, 4, 6), "next.kernel": (3, 6, 6)}
    weights = {name: random.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    module = module_of(TEXT, "canonical", weights, sites=Sites.every(24))
    passes = "annotate,segment{weigh=false},split,schedule{pairs=6}"
    made = api.from_module(module, backend="reference", pipeline=passes)
    assert {group.graph.name: len(group.sites) for group in made.executor.groups} == {
        EDGE: 4,
        MIDDLE: 20,
    }
    return made


@pytest.fixture(autouse=True)
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    found = Ways("plain", (OTHER, FUSED))
    monkeypatch.setitem(WAYS, "reference", found)
    return found


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Taken], list[Executor]]:
    """``taking(f)``: schedules take f(graph, pairs, option) an item; the executors that ran."""

    def patch(taken: Taken) -> list[Executor]:
        used: list[Executor] = []

        def seconds(plan: Plan, executor: Executor, graph: str, pairs: int, *rest: Any) -> float:
            used.append(executor)
            held = executor.module.graph[graph].attributes
            options = [each.option for each in (OTHER, FUSED) if held.get(each.option)]
            return taken(graph, pairs, options[0] if options else None)

        monkeypatch.setattr(tuning, "_seconds_an_item", seconds)
        return used

    return patch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[float]], None]:
    """``clock(times)``: what the clock shows, each time that it is looked at."""

    def patch(times: Iterator[float]) -> None:
        monkeypatch.setattr(tuning, "time", SimpleNamespace(perf_counter=times.__next__))

    return patch


def tried(trials: list[Trial], graph: str | None = None) -> list[tuple[Any, ...]]:
    found = [(t.graph, t.pairs, t.variant.option if t.variant else None) for t in trials]
    return [each for each in found if graph is None or each[0] == graph]


def group_of(plan: Plan, name: str) -> Group:
    (group,) = [group for group in plan.executor.groups if group.graph.name == name]
    return group


# -- what is tried ------------------------------------------------------------------------------


def test_the_most_promising_first_and_of_those_the_group_of_most_sites(plan, taking) -> None:
    taking(lambda *_: 1.0)
    _, trials = tune(plan)
    expected = [
        *((graph, 6, way) for way in (None, OTHER, FUSED) for graph in (MIDDLE, EDGE)),
        *((graph, 24, way) for way in (None, OTHER, FUSED) for graph in (MIDDLE, EDGE)),
        *((graph, 2, way) for way in (None, OTHER) for graph in (MIDDLE, EDGE)),
    ]
    assert tried(trials) == [(graph, n, way.option if way else None) for graph, n, way in expected]


def test_a_way_that_is_far_behind_is_tried_no_finer_and_at_no_other_size(plan, taking) -> None:
    """Twice as long is not yet far; and it is the first size of a way that says how far it is."""
    times = {(MIDDLE, 6, OTHER.option): 2.1, (EDGE, 6, OTHER.option): 2.0}
    times |= {(EDGE, 6, FUSED.option): 2.1, (MIDDLE, 24, None): 9.0, (EDGE, 24, None): 0.1}
    taking(lambda *how: times.get(how, 1.0))
    _, trials = tune(plan)
    assert tried(trials, MIDDLE) == [
        *((MIDDLE, 6, way) for way in (None, OTHER.option)),
        *((MIDDLE, pairs, None) for pairs in (24, 2)),
    ]
    assert [each[1:] for each in tried(trials, EDGE)] == [
        *((6, way) for way in (None, OTHER.option, FUSED.option)),
        *((pairs, way) for pairs in (24, 2) for way in (None, OTHER.option)),
    ]


def test_the_plain_way_is_dropped_as_any_other(plan, taking) -> None:
    taking(lambda graph, pairs, option: 0.4 if option else 1.0)
    _, trials = tune(plan)
    assert [each[1] for each in tried(trials) if each[2] is None] == [6, 6]
    assert (MIDDLE, 24, FUSED.option) in tried(trials)


def test_a_chunk_takes_no_more_than_so_many_bytes(plan, taking, monkeypatch) -> None:
    """Half as many pairs as scheduled, and one where not even one fits."""
    size = group_of(plan, MIDDLE).pair_bytes
    monkeypatch.setattr(tuning, "MOST_BYTES", 3 * size)
    taking(lambda *_: 1.0)
    found = {(each[1], each[2]) for each in tried(tune(plan)[1], MIDDLE)}
    assert {pairs for pairs, way in found if way is None} == {3, 2}
    assert {pairs for pairs, way in found if way == FUSED.option} == {3}
    monkeypatch.setattr(tuning, "MOST_BYTES", 1)
    assert {each[1] for each in tried(tune(plan)[1], MIDDLE)} == {1}


class Blocks:
    """A function that cuts the pairs it is given by itself."""

    def __init__(self, function: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self.function = function

    def __call__(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.function(given)

    def pairs_within(self, memory: int | None, alternatives: int) -> int:
        return 8


def test_a_function_that_cuts_pairs_itself_is_tried_at_one_size(plan, taking) -> None:
    def emit(module: Module) -> Mapping[str, Any]:
        own = plan.emit(module)
        blocks = module.graph[EDGE].attributes.get(OTHER.option) is not True
        return {**own, EDGE: Blocks(own[EDGE]) if blocks else own[EDGE]}

    taking(lambda *_: 1.0)
    _, trials = tune(plan.run_by("reference", emit))
    assert [each[1:] for each in tried(trials, EDGE)] == [
        (6, None),
        (6, OTHER.option),
        (6, FUSED.option),
        (24, OTHER.option),
        (24, FUSED.option),
        (2, OTHER.option),
    ]
    assert (MIDDLE, 2, None) in tried(trials)


def test_chunks_of_one_size_are_as_full_as_they_often_are() -> None:
    """Of sites that agree in where dense layers read there are 3, or 9: chunks hold 3, 6, 12 ..."""
    (group,) = small().executor.groups
    assert [len(group.sites[group.keys[:, 0] == key]) for key in (0, 1)] == [9, 3]
    assert [filled(group, pairs) for pairs in (1, 2, 3, 5, 6, 11, 12, 25)] == [
        *(3, 3, 3, 3, 6, 6, 12, 24),
    ]


def test_chunks_of_sites_that_agree_in_nothing_are_filled_to_any_number(plan) -> None:
    assert [filled(group_of(plan, EDGE), pairs) for pairs in (1, 5, 7)] == [1, 5, 7]


def test_tuning_ends_when_its_time_is_over(plan, taking, clock) -> None:
    """The clock: at the start, and before each trial."""
    taking(lambda *_: 1.0)
    clock(chain([10.0], [10.5, 13.0, 13.1], repeat(99.0)))
    _, trials = tune(plan, seconds=3.0)
    assert tried(trials) == [(MIDDLE, 6, None), (EDGE, 6, None)]
    clock(count(10.0))
    untouched, trials = tune(plan, seconds=0.5)
    assert trials == []
    assert untouched.module == plan.module


# -- what runs ----------------------------------------------------------------------------------


def test_each_way_is_emitted_once_and_one_of_one_size_for_its_graph_alone(plan, taking) -> None:
    emitted: list[Module] = []

    def emit(module: Module) -> Mapping[str, Any]:
        emitted.append(module)
        return plan.emit(module)

    counted = plan.run_by("reference", emit)
    emitted.clear()
    used = taking(lambda *_: 1.0)
    _, trials = tune(counted)
    by = dict(zip(tried(trials), used, strict=True))
    assert {how for how, executor in by.items() if executor is counted.executor} == {
        (graph, pairs, None) for graph in (MIDDLE, EDGE) for pairs in (6, 24, 2)
    }
    assert [how[1:] for how in by if by[how] is by[MIDDLE, 6, OTHER.option]] == [
        (pairs, OTHER.option) for pairs in (6, 6, 24, 24, 2, 2)
    ]
    assert len(emitted) == 1 + 4
    other = by[MIDDLE, 6, OTHER.option].module
    assert [schedule(other.graph[name]) for name in (EDGE, MIDDLE)] == 2 * [(6, True, False)]
    fused = by[MIDDLE, 24, FUSED.option].module
    assert schedule(fused.graph[MIDDLE]) == (24, False, True)
    assert fused.graph[EDGE] == plan.module.graph[EDGE]


def schedule(graph: Graph) -> tuple[Any, ...]:
    held = graph.attributes
    return held["pairs"], held[OTHER.option], held[FUSED.option]


# -- what is kept -------------------------------------------------------------------------------


def test_the_fastest_is_kept_with_what_every_way_took(plan, taking) -> None:
    times = {(24, None): 2.5e-6, (6, OTHER.option): 3.5e-6, (24, OTHER.option): 3e-6}
    times |= {(6, FUSED.option): 2e-6, (24, FUSED.option): 2.2e-6}
    used = taking(lambda graph, *how: times.get(how, 3.9e-6) * (1 if graph == MIDDLE else 2))
    tuned, trials = tune(plan)
    by = dict(zip(tried(trials), used, strict=True))
    for name, seconds in ((MIDDLE, 1.0), (EDGE, 2.0)):
        group, before = group_of(tuned, name), group_of(plan, name)
        assert schedule(group.graph) == (6, False, True)
        predicted = before.predicted_seconds
        assert [(way.name, way.predicted_seconds) for way in group.ways] == [
            *(("fused", None), ("plain", predicted), ("the other way", None)),
        ]
        taken = [way.measured_seconds for way in group.ways]
        assert taken == pytest.approx([2e-6 * seconds, 2.5e-6 * seconds, 3e-6 * seconds])
        assert group.measured_seconds == pytest.approx(2e-6 * seconds)
        kept = by[name, 6, FUSED.option].functions[name]
        assert tuned.executor.functions[name] is kept
    x = random_inputs(plan.module.main, 2, seed=5)
    np.testing.assert_array_equal(tuned(x).alternate, plan(x).alternate)


@pytest.mark.parametrize(("share", "pairs"), [(0.96, 6), (0.95, 6), (0.94, 24)])
def test_a_schedule_keeps_its_place_unless_clearly_beaten(plan, taking, share, pairs) -> None:
    times = {(6, None): 1.0, (24, None): share}
    taking(lambda graph, *how: times.get(how, 1.5))
    tuned, _ = tune(plan)
    assert schedule(group_of(tuned, MIDDLE).graph) == (pairs, False, False)


def test_a_graph_without_a_trial_keeps_its_schedule(plan, taking, clock) -> None:
    taking(lambda *_: 1e-6)
    clock(chain([0.0, 0.5], repeat(9.0)))
    tuned, trials = tune(plan, seconds=1.0)
    assert tried(trials) == [(MIDDLE, 6, None)]
    assert tuned.module.graph[EDGE] == plan.module.graph[EDGE]
    assert tuned.executor.functions[EDGE] is plan.executor.functions[EDGE]
    measured = group_of(tuned, MIDDLE)
    assert measured.ways == (Way("plain", measured.predicted_seconds, measured.measured_seconds),)
    assert measured.measured_seconds == pytest.approx(1e-6)


def test_a_graph_that_cannot_run_plainly_is_not_tried_so_and_says_why(
    plan, taking, monkeypatch
) -> None:
    """And once it can, it says so no more."""

    def no_choice(module: Module, graph: Graph) -> str | None:
        assert module is plan.module
        return "it cannot" if graph.name == EDGE else None

    taking(lambda *_: 1e-6)
    monkeypatch.setitem(WAYS, "reference", Ways("plain", (OTHER, FUSED), no_choice=no_choice))
    tuned, trials = tune(plan)
    assert {way for _, _, way in tried(trials, EDGE)} == {OTHER.option, FUSED.option}
    assert [group_of(tuned, name).no_choice for name in (EDGE, MIDDLE)] == ["it cannot", None]
    monkeypatch.setitem(WAYS, "reference", Ways("plain", (OTHER, FUSED)))
    again, trials = tune(tuned)
    assert (EDGE, 6, None) in tried(trials, EDGE)
    assert group_of(again, EDGE).no_choice is None


# -- how long an item takes ---------------------------------------------------------------------


class Counted:
    """An executor that computes nothing and keeps what it was asked to run."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def run_chunks(self, *asked: Any) -> None:
        self.asked.append(asked)


def timed(group: Group, pairs: int, deadline: float = 1e9) -> tuple[float, list[tuple[Any, ...]]]:
    executor, rows = Counted(), np.eye(4)
    given = {"seq": np.zeros(1)}, {"conv": np.ones(1)}
    taken = seconds_an_item(executor, group, pairs, rows, *given, deadline)  # type: ignore[arg-type]
    for asked in executor.asked:
        assert asked[0] is group
        assert asked[1:3] == given
        assert asked[4] is rows
        assert asked[5] == pairs
        assert asked[3] is executor.asked[0][3]
    return taken, executor.asked


@pytest.mark.parametrize(
    ("shown", "deadline", "runs", "best"),
    [
        # A look before and after every run, and one at the deadline where another run may follow.
        ([0, 9, 9.0, 9.25, 9.25, 9.25, 9.375, 9.375, 9.375, 9.4375, 9.4375], 1e9, 4, 1 / 16),
        ([0, 9, 9.0, 9.375, 9.375, 9.375, 9.5], 1e9, 3, 1 / 8),
        ([0, 9, 9.0, 9.5], 1e9, 2, 1 / 2),
        ([0, 9, 9.0, 9.25, 9.25], 9.125, 2, 1 / 4),
        ([0, 9, 9.0, 9.125, 9.125, 9.125, 9.25, 9.25], 9.2, 3, 1 / 8),
    ],
    ids=["at most four runs", "until enough", "one long run", "none after", "the time is over"],
)
def test_the_best_of_a_few_runs_the_first_not_counted(clock, shown, deadline, runs, best) -> None:
    (group,) = small().executor.groups
    clock(iter(shown))
    taken, asked = timed(group, 2, deadline)
    assert len(asked) == runs
    assert taken == pytest.approx(best / 12)  # two chunks, of two pairs, of three items


def test_chunks_that_are_timed_lie_all_over_the_sites(clock) -> None:
    """Of the nine sites that agree in where the dense layer reads; beyond the last, from the first.

    By letters in turn, of a single sequence.
    """
    clock(count())
    (group,) = small().executor.groups
    expected = {
        1: [1, 6],
        2: [1, 2, 5, 6],
        3: [0, 1, 2, 5, 6, 7],
        8: [*range(8), *range(1, 9)],
        10: 2 * [*range(9), 0],
    }
    for pairs, sites in expected.items():
        items = timed(group, pairs)[1][0][3]
        found = items.site.reshape(-1, 3)
        assert found.tolist() == [[site] * 3 for site in sites], pairs
        assert items.sequence.tolist() == [0] * (3 * len(sites))
        assert items.alternative.tolist() == [n % 4 for n in range(3 * len(sites))]


def test_sites_that_need_not_agree_are_all_timed(plan, clock) -> None:
    clock(count())
    group = group_of(plan, EDGE)
    assert timed(group, 1)[1][0][3].site.tolist() == [*[group.sites[0]] * 3, *[group.sites[2]] * 3]


def test_a_plan_that_is_really_run_gives_the_same_scores(plan, clock) -> None:
    """Every run takes a second, so that the schedule of the largest chunks is the fastest."""
    clock(count())
    tuned, trials = tune(plan, seconds=1e3)
    assert len(trials) == 16
    for group in tuned.executor.groups:
        assert schedule(group.graph) == (24, False, False)
        assert group.measured_seconds == pytest.approx(1 / (2 * 24 * 3), abs=1e-9)
    x = random_inputs(plan.module.main, 2, seed=5)
    np.testing.assert_array_equal(tuned(x).alternate, plan(x).alternate)
