"""What tuning tries, in which order, and what it keeps: by a clock and a backend of the test's own.

The numpy backend pays no heed to options, so that it can be given ways to run graphs; how long each
takes is what a test says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain, count, repeat
from typing import Any

import numpy as np
import pytest

from fastism.backends.base import WAYS, Variant, Ways
from fastism.errors import InputError
from fastism.ir import Graph, Module
from fastism.ir.ways import Way
from fastism.runtime import tune as tuning
from fastism.runtime.execute import Executor
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.runtime.tune import Trial, filled, tune
from tests.runtime.small import EDGE, MIDDLE, group_of, small, two_graphs
from tests.runtime.times import Blocks, said

OTHER = Variant("reference.other", "the other way")
FUSED = Variant("reference.fuse", "fused", one_size=True, refines=OTHER.option)
Taken = Callable[[str, int, str | None], float]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Of 4 sites and of 20."""
    return two_graphs()


@pytest.fixture(autouse=True)
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    found = Ways("plain", (OTHER, FUSED))
    monkeypatch.setitem(WAYS, "reference", found)
    return found


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Callable[[Taken], list[Executor]]:
    """``taking(f)``: schedules take f(graph, pairs, option) an item; the executors that ran."""

    def patch(taken: Taken) -> list[Executor]:
        def seconds(executor: Executor, graph: str, pairs: int) -> float:
            held = executor.module.graph[graph].attributes
            options = [each.option for each in (OTHER, FUSED) if held.get(each.option)]
            return taken(graph, pairs, options[0] if options else None)

        return said(monkeypatch, seconds)

    return patch


def tried(trials: list[Trial], graph: str | None = None) -> list[tuple[Any, ...]]:
    found = [(t.graph, t.pairs, t.variant.option if t.variant else None) for t in trials]
    return [each for each in found if graph is None or each[0] == graph]


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
    """Half as long again is not yet far; and the first size of a way says how far it is."""
    times = {(MIDDLE, 6, OTHER.option): 1.6, (EDGE, 6, OTHER.option): 1.5}
    times |= {(EDGE, 6, FUSED.option): 1.6, (MIDDLE, 24, None): 9.0, (EDGE, 24, None): 0.1}
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


def test_a_finer_form_that_saves_too_little_is_not_tried(plan, taking) -> None:
    """It would have to win by a twentieth of what the coarse one takes."""
    ways = [Way(OTHER.label, 3e-6), Way(FUSED.label, 2e-6)]
    program = plan.executor.program
    noted = plan.with_module(
        program.rescheduled([group.rescheduled(ways=ways) for group in program.groups])
    )
    for taken, wanted in ((19e-6, True), (21e-6, False)):
        taking(lambda *_, taken=taken: taken)
        assert ((MIDDLE, 6, FUSED.option) in tried(tune(noted)[1])) is wanted


def test_chunks_are_no_larger_than_a_large_batch_fills(plan, taking, monkeypatch) -> None:
    """Of its 20 sites, and its 4: three sequences make 60 pairs, and 12, for two workers."""
    monkeypatch.setattr(tuning, "SEQUENCES", 3)
    wide = plan.with_module(
        plan.executor.program.rescheduled(
            group.rescheduled(pairs=1000) for group in plan.executor.groups
        )
    )
    taking(lambda *_: 1.0)
    _, trials = tune(wide)
    assert [pairs for _, pairs, way in tried(trials, MIDDLE) if way is None] == [30, 120, 8]
    assert [pairs for _, pairs, way in tried(trials, EDGE) if way is None] == [6, 24, 2]


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
    times = {(24, None): 2.5e-6, (6, OTHER.option): 2.8e-6, (24, OTHER.option): 2.6e-6}
    times |= {(6, FUSED.option): 2e-6, (24, FUSED.option): 2.2e-6}
    used = taking(lambda graph, *how: times.get(how, 2.9e-6) * (1 if graph == MIDDLE else 2))
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
        assert taken == pytest.approx([2e-6 * seconds, 2.5e-6 * seconds, 2.6e-6 * seconds])
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


def test_a_slow_moment_does_not_decide(plan, taking) -> None:
    """The best of every way, but those far behind, run again in turns."""
    runs: list[tuple[Any, ...]] = []

    def taken(*how: Any) -> float:
        runs.append(how)
        if how[0] == EDGE:
            return 1.0 if how[2] is None else 2.5
        return 1.7 if how[2] is None and runs.count(how) == 1 else {None: 1.0}.get(how[2], 1.2)

    taking(taken)
    tuned, trials = tune(plan)
    assert schedule(group_of(tuned, MIDDLE).graph)[1:] == (False, False)
    again = runs[len(trials) :]
    ways = [(EDGE, 6, None), *((MIDDLE, 6, way) for way in (None, OTHER.option, FUSED.option))]
    assert sorted(again, key=str) == sorted(tuning.ROUNDS * ways, key=str)
    assert again[: len(ways)] == again[len(ways) : 2 * len(ways)]
    found = {way.name: way.measured_seconds for way in group_of(tuned, MIDDLE).ways}
    assert found == pytest.approx({"plain": 1.0, OTHER.label: 1.2, FUSED.label: 1.2})


def test_schedules_run_again_for_so_long_at_most(plan, taking, clock) -> None:
    """The clock: at the start, before each of 16 trials, and from when they run again."""
    used: list[tuple[Any, ...]] = []
    taking(lambda *how: used.append(how) or 1.0)
    clock(chain(repeat(10.0, 18), [10.5, 11.0, 11.1], repeat(99.0)))
    tune(plan)
    assert len(used) == 16 + 2


def test_a_way_that_is_not_far_behind_runs_in_its_fastest_forms(plan, taking, monkeypatch) -> None:
    """From when they are found on; the graph keeps them with the schedule that wins by them."""
    forms, asked = {"reference.forms": ("next.spread:other",)}, []

    def in_forms(module: Module, graph: Graph, variant: Variant | None) -> Mapping[str, Any]:
        assert module is plan.module
        asked.append((graph.name, variant))
        return forms if graph.name == MIDDLE and variant is OTHER else {}

    monkeypatch.setitem(WAYS, "reference", Ways("plain", (OTHER, FUSED), in_forms=in_forms))
    times = {(MIDDLE, 6, None): 1.0, (MIDDLE, 24, OTHER.option): 0.5, (EDGE, 6, OTHER.option): 9.0}
    used = taking(lambda *how: times.get(how, 1.5))
    tuned, trials = tune(plan)
    by = list(zip(tried(trials, MIDDLE), [t for t in trials if t.graph == MIDDLE], strict=True))
    assert [(how[1:], forms.items() <= trial.options.items()) for how, trial in by[:5]] == [
        ((6, None), False),
        ((6, OTHER.option), False),
        ((6, OTHER.option), True),
        ((6, FUSED.option), True),
        ((24, None), True),
    ]
    assert asked == [(MIDDLE, None), (EDGE, None), (MIDDLE, OTHER)]
    held = group_of(tuned, MIDDLE).graph.attributes
    assert (held["reference.forms"], held["pairs"]) == (forms["reference.forms"], 24)
    assert "reference.forms" not in group_of(tuned, EDGE).graph.attributes
    chosen = next(i for i, t in enumerate(trials) if t.seconds_an_item == 0.5)
    assert tuned.executor.functions[MIDDLE] is used[chosen].functions[MIDDLE]


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


@pytest.mark.parametrize("tune", ["on", 2, ""])
def test_tune_is_one_of_four(tune: object) -> None:
    with pytest.raises(InputError, match="tune must be None, False, True or 'again'"):
        small(tune=tune)
