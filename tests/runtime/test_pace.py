"""How many sequences go together: in a batch, by memory, and in a shard, by time."""

from __future__ import annotations

import pytest

from fastism.errors import InputError
from fastism.ir import Sites
from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.pace import batches_a_shard, fit_batch, seconds_a_sequence
from fastism.runtime.plan import Plan
from tests.runtime.small import LETTERS, small

SAME = {"tasks": "same", "mean": "same"}
VALUES = 2 + 3 + 12
"""Numbers that the outputs hold."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small(Sites((0, 4, 8)))


def kept(plan: Plan) -> int:
    main = plan.module.main
    return sum(main.values[name].type.bytes for name in main.outputs)


@pytest.mark.parametrize(("kind", "copies"), [("plan", 1), ("strands", 2), ("ensemble", 6)])
def test_as_many_as_the_budget_holds(plan: Plan, kind: str, copies: int) -> None:
    ask = {"plan": plan, "strands": BothStrands(plan, SAME), "ensemble": Ensemble(plan)}[kind]
    # for each of 3 sites and 4 letters, and the reference; the sequence; what is kept of it
    one = 4 * (copies * VALUES * (3 * 4 + 1) + 12 * 4) + kept(plan)
    rows = LETTERS[:, None]
    assert fit_batch(ask, 32, 5 * one, rows) == 5
    assert fit_batch(ask, 32, 5 * one - 1, rows) == 4
    assert fit_batch(ask, 3, 5 * one, rows) == 3
    assert fit_batch(ask, 3, one, rows) == 1
    with pytest.raises(InputError, match=f"take {one:,} bytes, and --memory leaves {one - 1:,}"):
        fit_batch(ask, 32, one - 1, rows)


def test_rows_of_each_sequences_own_count_too(plan: Plan) -> None:
    rows = LETTERS[None, None, :2, None]  # (N, S, A, width, C)
    one = 4 * (VALUES * (3 * 2 + 1) + 12 * 4 + 2 * 4) + kept(plan)
    assert fit_batch(plan, 32, 2 * one, rows) == 2
    assert fit_batch(plan, 32, 2 * one - 1, rows) == 1


def test_seconds_are_of_all_items(plan: Plan) -> None:
    (group,) = plan.executor.groups
    assert group.predicted_seconds is not None
    one = 3 * 4 * group.predicted_seconds
    assert seconds_a_sequence(plan, 4) == pytest.approx(one)
    assert seconds_a_sequence(BothStrands(plan, SAME), 4) == pytest.approx(2 * one)
    both = Ensemble([plan, small(Sites((0, 4, 8)), seed=1)], rc=True, strands=SAME)
    assert seconds_a_sequence(both, 4) == pytest.approx(4 * one)
    timed = plan.with_module(
        plan.module.with_graphs([plan.module.main, group.rescheduled(measured_seconds=2e-3)])
    )
    assert seconds_a_sequence(timed, 4) == pytest.approx(3 * 4 * 2e-3)


@pytest.mark.parametrize(
    ("seconds", "batch", "sequences", "workers", "most", "batches"),
    [
        (1.0, 4, 10_000, 2, 1_000, 5),  # five batches of four take twenty seconds
        (1.0, 4, 10_000, 2, 16, 4),  # no more than 16 sequences are held
        (1.0, 4, 100, 2, 1_000, 3),  # four shards a worker: 25 batches over eight
        (1.0, 4, 101, 2, 1_000, 3),  # 26 batches over eight
        (1.0, 4, 10, 2, 1_000, 1),
        (100.0, 4, 10_000, 2, 1_000, 1),
        (0.0, 1, 1_000_000, 1, 10_000_000, 250_000),
        (1.0, 20, 4_000_000, 1, 1_000, 10),  # no more than 20,000 shards
        (1.0, 4, 10_000, 2, 3, 1),
    ],
)
def test_batches_of_a_shard(
    seconds: float, batch: int, sequences: int, workers: int, most: int, batches: int
) -> None:
    found = batches_a_shard(seconds, batch=batch, sequences=sequences, workers=workers, most=most)
    assert found == batches
