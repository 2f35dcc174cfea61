"""Where graphs of odd shapes stop being local, and what users pass to them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastism import api
from tests.compare import assert_matches_model
from tests.zoo import ZOO

FLAT = "gives every position a weight of its own"
POOLED = "pools over the whole length"
LIVE = "run by the live layer: it is recurrent: an edit reaches every position that it reads later"
ATTENDS = (
    "run by the live layer: every position attends to every other, so that an edit reaches all of "
    "them"
)
OWN_CODE = "its call is code of its own, not a graph of layers"

STOPS = {
    "inputs_nested": {"global_average_pooling1d": POOLED},
    "input_read_again": {"global_max_pooling1d": POOLED, "flatten": FLAT},
    "input_unused": {"flatten": FLAT},
    "sites_without_effect": {},
    "norm_first": {"flatten": FLAT},
    "nested_outputs_unused": {"flatten": FLAT},
    "functional_subclass": {"global_max_pooling1d": POOLED},
    "stops_in_a_row": {"memory": LIVE},
    "subclassed": {"max": POOLED},
    "subclassed_unread": {"subclassed_unread": f"run by the live layer: {OWN_CODE}"},
    "lstm": {"memory": LIVE},
    "bidirectional": {"both_ways": LIVE},
    "transformer": {"attention": ATTENDS, "add": "meets a value that is changed everywhere"},
}


@pytest.mark.parametrize("name", STOPS)
def test_locality_ends_where_it_must_and_nowhere_else(name: str, compiled: Callable) -> None:
    nodes = compiled(name).plan.stage["segmented"].main.nodes
    assert {node.name: node.stop for node in nodes if node.stop} == STOPS[name]


def test_inputs_by_name_in_order_or_as_the_model_takes_them() -> None:
    model = ZOO["inputs_nested"]()
    plan = api.compile(model, sites=[0, 14, 29])
    random = np.random.default_rng(0)
    x = {
        "sequence": np.eye(4)[random.integers(0, 4, (2, 30))],
        "other": random.normal(size=(2, 30, 4)),
        "vector": random.normal(size=(2, 3)),
    }
    assert_matches_model(plan, model, x)
    by_name, in_order = plan(x), plan(list(x.values()))
    for name in by_name:
        np.testing.assert_array_equal(by_name[name].alternate, in_order[name].alternate)


def test_sites_that_reach_no_output_are_not_run(compiled: Callable) -> None:
    plan = compiled("sites_without_effect").plan
    assert np.flatnonzero(plan.executor.group_of >= 0).tolist() == list(range(13, 24))


def test_an_unused_output_of_a_nested_model_is_not_run(compiled: Callable) -> None:
    """Its recurrent layer is in the graph that was lowered, and in none that runs."""
    plan = compiled("nested_outputs_unused").plan
    assert not any(node.op == "opaque" for graph in plan.module.graphs for node in graph.nodes)


def test_a_model_of_code_of_its_own_runs_whole_and_says_so(compiled: Callable) -> None:
    plan = compiled("subclassed_unread").plan
    (node,) = plan.stage["segmented"].main.nodes
    assert (node.op, node.mode) == ("opaque", "whole")
    assert plan.opaque["subclassed_unread"].why == OWN_CODE
