"""Chunk sizes: within the cache, within memory, at least one pair."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir import Module, Sites
from fastism.ir.verify import verify
from fastism.passes import Annotate, Pipeline, Schedule, Segment, Split
from fastism.passes.costs import Rates
from fastism.passes.schedule import pair_bytes

WEIGHTS = {"conv.kernel": np.ones((3, 4, 2), "float32")}
TEXT = """
graph @main(%seq: f32[N,9,4]) {
  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same} @conv.kernel
  return %conv
}
"""


@pytest.fixture
def split(parsed) -> Module:
    module = parsed(TEXT, "canonical", WEIGHTS, sites=Sites.every(9))
    return Split(groups=1)(Segment()(Annotate()(module)))


def pairs(module: Module) -> int:
    return int(module.graphs[1].attributes["pairs"])


def test_bytes_of_a_pair(split: Module) -> None:
    """Values an item holds count once an alternative, those a pair shares once."""
    graph = split.graphs[1]
    shapes = {node.op: node.type.shape for node in graph.nodes}
    assert shapes["conv1d_spread"] == ("M", 3, 2)
    assert shapes["gather_reference"] == ("P", 9, 2)
    assert shapes["add_reference"] == ("M", 9, 2)
    expected = {"M": 0, "P": 0}
    for node in graph.nodes:
        expected[str(node.type.shape[0])] += 4 * node.type.elements
    largest, total = pair_bytes(graph, 3)
    assert largest == 3 * 9 * 2 * 4
    assert total == pytest.approx(3 * expected["M"] + expected["P"], abs=1)


def test_the_largest_value_of_a_chunk_fits(split: Module) -> None:
    largest, total = pair_bytes(split.graphs[1], 3)
    scheduled = Schedule(chunk_bytes=10 * largest + 1)(split)
    verify(scheduled)
    assert scheduled.stage == "scheduled"
    assert pairs(scheduled) == 10
    assert scheduled.graphs[1].attributes["bytes"] == 10 * total


def test_all_values_of_a_chunk_fit(split: Module) -> None:
    _, total = pair_bytes(split.graphs[1], 3)
    assert pairs(Schedule(memory=5 * total)(split)) == 5


def test_there_is_at_least_one_pair(split: Module) -> None:
    assert pairs(Schedule(memory=1)(split)) == 1


def test_more_alternatives_take_more_room(split: Module) -> None:
    few, many = Schedule(alternatives=1, memory=10_000), Schedule(alternatives=9, memory=10_000)
    assert pairs(many(split)) < pairs(few(split))


def test_a_fixed_chunk(split: Module) -> None:
    assert pairs(Schedule(pairs=7, memory=1)(split)) == 7


def test_scheduling_again_follows_the_new_options(split: Module) -> None:
    once = Schedule(pairs=7)(split)
    assert Schedule(pairs=7)(once) == once
    assert pairs(Schedule(pairs=3)(once)) == 3


def test_the_rest_of_the_graphs_stays(split: Module) -> None:
    scheduled = Schedule()(split)
    assert scheduled.main == split.main
    assert [g.nodes for g in scheduled.graphs] == [g.nodes for g in split.graphs]


def test_decisions_by_how_fast_a_machine_is() -> None:
    """All passes that weigh costs have its speeds; the others are left as they are."""
    pipeline = Pipeline.parse("annotate,segment{weigh=false},split,schedule{pairs=3}")
    before = list(pipeline.passes)
    fast = pipeline.with_rates(Rates(products=3e11, bytes=2e10))
    assert [str(type(each).name) for each in fast.passes] == [type(p).name for p in before]
    assert (fast.passes[0], fast.passes[2]) == (before[0], before[2])
    assert fast.passes[1] == Segment(weigh=False, rates=(3e11, 2e10))
    assert fast.passes[3] == Schedule(pairs=3, rates=(3e11, 2e10))
    assert pipeline.passes == tuple(before)


def test_options_of_backends_are_switched_on(split: Module) -> None:
    held = Schedule(options=("tensorflow.fuse", "native.x"))(split).graphs[1].attributes
    assert {name: value for name, value in held.items() if "." in name} == {
        "tensorflow.fuse": True,
        "native.x": True,
    }
