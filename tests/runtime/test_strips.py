"""An edit that changes several stretches of a value is followed on several windows, and exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from fastism.ir import Graph
from fastism.ir.module import Module
from fastism.ir.program import Program
from fastism.runtime.report import item_macs
from tests.compare import assert_matches_model

FLAT = "gives every position a weight of its own"
POOLED = "pools over the whole length"
STOPS = {
    "strands_joined": {"flatten": FLAT},
    "strands_aligned": {"flatten": FLAT},
    "strands_maximum": {
        "global_average_pooling1d": POOLED,
        "global_max_pooling1d": POOLED,
        "sum": POOLED,
    },
    "strands_pooled": {"global_max_pooling1d": POOLED, "global_max_pooling1d:2": POOLED},
    "strands_unet": {},
    "strands_strided": {"flatten": FLAT},
    "stretches_joined": {"flatten": FLAT},
    "stretches_of_parts": {},
    "stretches_with_a_track": {"flatten": FLAT},
    "concatenate_positions": {"flatten": FLAT},
    "slices": {"flatten": FLAT},
}

STRIPS = {
    "strands_joined": 2,
    "strands_aligned": 1,
    "strands_maximum": 2,
    "strands_unet": 2,
    "strands_strided": 2,
    "stretches_joined": 2,
    "stretches_of_parts": 2,
    "stretches_with_a_track": 1,
    "concatenate_positions": 2,
}
"""The most windows on which one value is followed."""


@pytest.mark.parametrize("name", STOPS)
def test_locality_ends_where_it_must_and_nowhere_else(name: str, compiled: Callable) -> None:
    nodes = compiled(name).plan.stage["segmented"].main.nodes
    assert {node.name: node.stop for node in nodes if node.stop} == STOPS[name]
    before = [node for node in nodes if node.mode not in ("delta", "exit", "reference")]
    assert all(node.stop is None and node.op not in ("opaque", "slice") for node in before)


@pytest.mark.parametrize("name", [*STOPS, "slices_to_one"])
def test_scores_are_those_of_the_model(name: str, compiled: Callable) -> None:
    case = compiled(name)
    assert_matches_model(case.plan, case.model, case.inputs)


@pytest.mark.parametrize("name", STRIPS)
def test_each_stretch_has_a_window(name: str, compiled: Callable) -> None:
    module = compiled(name).plan.module
    most = max(_most_windows(graph) for graph in module.graphs[1:])
    assert most == STRIPS[name]


def _most_windows(graph: Graph) -> int:
    """How often the node of the source graph that runs most often does."""
    ops = ("conv1d", "conv1d_spread", "dense_rows")
    runs = [node.name.rpartition(".")[0] for node in graph.nodes if node.op in ops]
    return Counter(runs).most_common(1)[0][1]


def test_strips_that_do_not_meet_are_not_added(compiled: Callable) -> None:
    """Each strip goes its own way: the two meet where the dense layer adds their rows."""
    graphs = compiled("strands_joined").plan.module.graphs[1:]
    ops = [Counter(node.op for node in graph.nodes) for graph in graphs]
    assert {count["add"] for count in ops if count["dense_rows"] == 2} == {1}


def test_two_strands_cost_twice_one(compiled: Callable) -> None:
    """Not the hull of both stretches, but at the few sites near the middle."""
    two, one = (compiled(name).plan.module for name in ("strands_joined", "strands_one"))
    first, second = _macs(two, far=True), _macs(one, far=True)
    assert 1.9 * second <= first <= 2.3 * second
    assert _macs(two, far=False) <= 2.2 * _macs(one, far=False)


def _macs(module: Module, *, far: bool) -> float:
    """Multiply-adds an item: the most over the sites far from the middle, or the mean over all."""
    middle, found = module.main.values[module.seq_input].type.length // 2, []
    for group in Program.of(module).groups:
        for site in group.sites:
            if not far or abs(site - middle) > 20:
                found.append(sum(item_macs(group).values()))
    return max(found) if far else sum(found) / len(found)
