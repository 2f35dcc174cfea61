"""Whatever the schedule, the scores are the same; tuning and memory only choose one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import chain, count, repeat

import numpy as np
import pytest

from fastism import api
from fastism.backends.base import WAYS
from fastism.checking.check import check_plan
from fastism.errors import VerifyError
from fastism.ir.program import Program
from fastism.runtime.inputs import random_inputs
from fastism.runtime.tune import filled, tune
from tests.runtime.times import said
from tests.zoo import ENTRIES

FUSED = {"tensorflow.fuse": True}
NAMES = ["chain_dilated_same", "pool_remainder", "unet", "local_and_global_outputs"]


@pytest.fixture(scope="module", params=NAMES)
def compiled(request):
    model = ENTRIES[request.param].build()
    return model, api.compile(model, backend="tensorflow")


def scores(plan, **options):
    found = plan(random_inputs(plan.module.main, 3, seed=5), **options)
    return [found[name].alternate for name in found]


def close(some, others):
    for one, other in zip(some, others, strict=True):
        assert np.abs(one - other).max() <= 1e-6 * max(np.abs(one).max(), 1e-6)


def changed(plan, **schedule):
    program = Program.of(plan.module)
    return plan.with_module(
        program.rescheduled(group.rescheduled(**schedule) for group in program.groups)
    )


@pytest.mark.parametrize(
    "schedule",
    [{"pairs": 1}, {"pairs": 7, "workers": 1}, {"pairs": 13, "options": FUSED}],
    ids=["one pair", "seven, alone", "thirteen, fused"],
)
def test_the_schedule_does_not_show(compiled, schedule):
    _, plan = compiled
    close(scores(plan), scores(changed(plan, **schedule)))


def test_fused_chunks_are_really_used(compiled):
    _, plan = compiled
    fused = changed(plan, pairs=4, options=FUSED)
    scores(fused)
    for graph in fused.module.graphs[1:]:
        assert fused.executor.functions[graph.name].fused.traces == 1
        assert fused.executor.functions[graph.name].plain.traces <= 1


def test_chunks_of_equal_rows_are_fused_where_they_are_full():
    """Sites that share a dense layer's rows are chunked by themselves; some chunks are full."""
    plan = api.compile(ENTRIES["pool_even"].build(), backend="tensorflow")
    (group,) = plan.executor.groups
    alike = filled(group, 1)
    assert alike in np.unique(group.keys, return_counts=True)[1]
    assert filled(group, 5 * alike) == 4 * alike
    fused = changed(plan, pairs=2 * alike, options=FUSED)
    close(scores(plan), scores(fused))
    assert fused.executor.functions[group.graph.name].fused.traces == 1


def test_little_memory_makes_small_chunks(compiled):
    _, plan = compiled
    group = plan.executor.groups[0]
    assert group.pairs_within(None) == group.pairs
    assert group.pairs_within(1) == 1
    assert group.pairs_within(3 * group.pair_bytes * group.workers) == min(3, group.pairs)
    close(scores(plan), scores(plan, memory=1))


@pytest.fixture(autouse=True)
def usual_forms(monkeypatch):
    """Which form of an op is the fastest is the machine's to say."""
    ways = replace(WAYS["tensorflow"], in_forms=lambda *_: {})
    monkeypatch.setitem(WAYS, "tensorflow", ways)


def taken(trial, group):
    """Whether a group is scheduled as a trial was."""
    fused = group.graph.attributes["tensorflow.fuse"]
    how = trial.pairs, trial.variant is not None, round(1e9 * trial.seconds_an_item)
    return how == (group.pairs, fused, round(1e9 * group.measured_seconds))


def test_a_tuned_plan_gives_the_same_scores(clock):
    """Runs take a second each, so the schedule of the largest chunks is the fastest."""
    clock(count())
    model = ENTRIES["pool_even"].build()
    plan = api.compile(model, backend="tensorflow")
    tuned, trials = tune(plan, seconds=100)
    (group,) = tuned.executor.groups
    assert [trial.variant is not None for trial in trials] == [False, True, False, True, False]
    (chosen,) = [trial for trial in trials if taken(trial, group)]
    assert chosen.pairs == max(trial.pairs for trial in trials)
    items = 3 * chosen.pairs * group.workers
    assert chosen.seconds_an_item == pytest.approx(1 / items)
    assert group.items == 3 * chosen.pairs
    close(scores(plan), scores(tuned))
    check_plan(tuned, model)


@pytest.mark.parametrize(("share", "kept"), [(0.96, 0), (0.94, 1)])
def test_a_schedule_keeps_its_place_unless_it_is_clearly_beaten(monkeypatch, share, kept):
    plan = api.compile(ENTRIES["pool_even"].build(), backend="tensorflow")
    times = chain([1e-6, share * 1e-6], repeat(1.0))
    found = defaultdict(lambda: next(times))
    said(monkeypatch, lambda executor, graph, pairs: found[executor, pairs])
    tuned, trials = tune(plan)
    (group,) = tuned.executor.groups
    assert taken(trials[kept], group)


def test_tuning_ends_when_its_time_is_over(clock):
    clock(count())
    plan = api.compile(ENTRIES["pool_even"].build(), backend="tensorflow")
    assert tune(plan, seconds=0)[1] == []
    (first,) = tune(plan, seconds=3)[1]  # one run to compile it, one that counts
    assert first.seconds_an_item > 0


def test_an_unknown_option_of_the_backend_is_refused():
    plan = api.compile(ENTRIES["pool_even"].build(), backend="tensorflow")
    with pytest.raises(VerifyError, match=r"(?s)option .tensorflow.fuze.\n.*knows tensorflow.fuse"):
        changed(plan, options={"tensorflow.fuze": True})
    with pytest.raises(VerifyError, match=r"has the option tensorflow.fuse=1\n"):
        changed(plan, options={"tensorflow.fuse": 1})
    changed(plan, options={"native.tile": 8})  # another backend's, and none of this one's business


def test_only_a_backend_with_variants_is_timed_with_them(clock):
    clock(count())
    plan = api.compile(ENTRIES["pool_even"].build(), backend="reference")
    _, trials = tune(plan, seconds=100)
    assert {trial.variant for trial in trials} == {None}
