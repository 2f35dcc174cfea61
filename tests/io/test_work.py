"""What is still to compute, a shard at a time: stretches cut as the run's record says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from fastism.io.kept import Record
from fastism.io.regions import Region
from fastism.io.sources.base import Batch
from fastism.io.work import Work, named, work_of


@dataclass
class Numbers:
    """Sequences that are their own numbers; how often they were begun to be read, and where."""

    count: int
    begun: list[int] = field(default_factory=list)
    identity: str = ""
    notes: tuple[str, ...] = ()
    chromosomes: None = None
    one_hot: bool = True

    def batches(self, size: int, first: int = 0) -> Iterator[Batch]:
        self.begun.append(first)
        for start in range(first, self.count, size):
            numbers = range(start, min(start + size, self.count))
            regions = [Region("c", number, number + 1) for number in numbers]
            yield Batch([f"s{n}" for n in numbers], {"x": np.array(numbers)}, regions)


@pytest.mark.parametrize(
    ("batches", "stretches", "shards"),
    [
        (1, [(0, 7)], [(0, [[0, 1, 2]]), (3, [[3, 4, 5]]), (6, [[6]])]),
        (2, [(0, 7)], [(0, [[0, 1, 2], [3, 4, 5]]), (6, [[6]])]),
        (2, [(6, 11)], [(6, [[6, 7, 8], [9, 10]])]),
        (2, [(0, 6), (9, 11)], [(0, [[0, 1, 2], [3, 4, 5]]), (9, [[9, 10]])]),
        (5, [(3, 4)], [(3, [[3]])]),
    ],
)
def test_shards_of_stretches(
    batches: int, stretches: list[tuple[int, int]], shards: list[tuple[int, list[list[int]]]]
) -> None:
    source = Numbers(11)
    found = list(work_of(source, Record({}, 11, 3, 0, batches=batches), stretches))
    assert [(w.start, [b.inputs["x"].tolist() for b in w.batches]) for w in found] == shards
    assert source.begun == [start for start, _ in stretches]
    for work, (start, parts) in zip(found, shards, strict=True):
        assert len(work) == sum(map(len, parts))
        assert [number for number, _ in work.numbered()] == [part[0] for part in parts]
        for batch, part in zip(work.batches, parts, strict=True):
            assert batch.names == [f"s{number}" for number in part]
            assert batch.regions == [Region("c", number, number + 1) for number in part]
        assert start == work.start


def test_the_first_of_a_batch() -> None:
    batch = next(Numbers(3).batches(3))
    assert batch.first(3) is batch
    assert batch.first(4) is batch
    assert batch.first(2).names == ["s0", "s1"]
    alone = Batch(["a", "b"], {"x": np.array([1, 2])})
    assert alone.first(1).regions is None
    assert alone.first(1).inputs["x"].tolist() == [1]


def test_a_portion_is_named_as_people_count() -> None:
    batches = [Batch(list("abc"), {}), Batch(list("d"), {})]
    assert named(Work(1200, batches)) == "sequences 1,201 to 1,204"
    assert named(Work(0, batches[1:])) == "sequences 1 to 1"
