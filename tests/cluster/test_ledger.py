"""Which shard is where: none lost, none twice, and the deadly ones last, then aside."""

from __future__ import annotations

from fastism.cluster.ledger import Ledger
from fastism.io.work import Work


def ledger(count: int) -> Ledger:
    return Ledger(Work(start, []) for start in range(count))


def given(of: Ledger, worker: str) -> int | None:
    work = of.give(worker)
    return None if work is None else work.start


def test_every_shard_is_given_once() -> None:
    shards = ledger(3)
    assert [given(shards, worker) for worker in "abcd"] == [0, 1, 2, None]
    assert [shards.done(worker).start for worker in "cab"] == [2, 0, 1]
    assert (given(shards, "a"), shards.running, shards.aside) == (None, {}, [])


def test_a_shard_that_lost_a_worker_waits_for_all_others() -> None:
    shards = ledger(3)
    assert given(shards, "a") == 0
    assert shards.lost("a", "it died")
    assert [given(shards, worker) for worker in "bcd"] == [1, 2, 0]
    assert shards.retries == 1


def test_a_shard_that_is_given_back_comes_first_and_is_not_blamed() -> None:
    shards = ledger(3)
    for _ in range(5):
        assert given(shards, "a") == 0
        shards.returned("a")
    assert [given(shards, worker) for worker in "ab"] == [0, 1]
    assert (shards.retries, shards.aside) == (0, [])


def test_a_shard_that_loses_three_workers_is_set_aside() -> None:
    shards = ledger(2)
    for turn, again in enumerate((True, True, False)):
        assert given(shards, "a") == 0
        assert shards.lost("a", f"death {turn}") is again
        if turn == 0:
            assert given(shards, "b") == 1
    assert [(aside.work.start, aside.why) for aside in shards.aside] == [(0, "death 2")]
    assert given(shards, "a") is None
    assert shards.done("b").start == 1
