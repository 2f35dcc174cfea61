"""Every model of the zoo, every site, every alternative, against the model itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fastism import api
from fastism.runtime.inputs import random_inputs
from tests.compare import TOLERANCES, assert_matches_model
from tests.zoo import ENTRIES, EVERY, by_model

STOPS = {
    "basset": {"flatten": "gives every position a weight of its own"},
    "bpnet": {
        "global_average_pooling1d": "pools over the whole length",
        "profile": "gives every position a weight of its own",
    },
    "spliceai": {},
    "enformer_stem": {},
    "unet": {},
    "plane_basset": {"flatten": "gives every position a weight of its own"},
    "plane_turned": {"flatten": "gives every position a weight of its own"},
    "plane_of_letters": {"flatten": "gives every position a weight of its own"},
    "plane_padded": {"flatten": "gives every position a weight of its own"},
    "reshaped": {"flatten": "gives every position a weight of its own"},
    "expanded_inside": {"flatten": "gives every position a weight of its own"},
    "plane_autoencoder": {},
    "plane_global": {
        "global_average_pooling2d/global_average_pool": "pools over the whole length",
        "global_max_pooling2d/global_max_pool.pool": "pools over the whole length",
    },
    "permuted": {"head.flat": "gives every position a weight of its own"},
    "transposed_unet": {},
    "traced_code": {"flatten": "gives every position a weight of its own"},
    "position_weights": {"flatten": "gives every position a weight of its own"},
    "channel_reductions": {"mean/flatten": "gives every position a weight of its own"},
    "choices": {"flatten": "gives every position a weight of its own"},
    "layer_norm": {"flatten": "gives every position a weight of its own"},
    "global_maximum": {"global_max_pooling1d": "pools over the whole length"},
    "lstm": {
        "memory": "run by the live layer: it is recurrent: an edit reaches every position that it "
        "reads later"
    },
    "squeeze_excite": {
        "global_average_pooling1d": "pools over the whole length",
        "multiply": "meets a value that is changed everywhere",
    },
}
"""Where locality must end, and why: a stop that creeps in elsewhere is slow, and no test of the
numbers would see it."""

NUMPY = (
    "chain_dilated_valid",
    "chain_grouped",
    "pool_average_same",
    "pool_overlapping",
    "global_maximum",
    "inception",
    "layer_norm",
    "local_and_global_outputs",
    "lstm",
    "nested_at_two_lengths",
    "squeeze_excite",
    "two_inputs_late",
    "unet",
)
"""Models run under the numpy backend too; it is slow, and every op has tests of its own."""


@pytest.mark.parametrize("name", EVERY)
def test_scores_are_those_of_the_model(name: str, compiled: Callable) -> None:
    case = compiled(name)
    tolerance = TOLERANCES[ENTRIES[name].computes_in]
    assert_matches_model(case.plan, case.model, case.inputs, tolerance)
    for function in case.plan.executor.functions.values():
        assert function.traces == 1, f"@{function.plain.graph.name} was traced again"


@pytest.mark.parametrize("name", NUMPY)
def test_the_numpy_backend_agrees(name: str) -> None:
    entry = ENTRIES[name]
    model = entry.build()
    plan = api.compile(model, length=entry.length, sites=[0, 1, 9, 17, 23], backend="reference")
    assert_matches_model(plan, model, random_inputs(plan.module.main, 2))


@pytest.mark.parametrize("name", by_model(STOPS))
def test_locality_ends_where_it_must_and_nowhere_else(name: str, compiled: Callable) -> None:
    nodes = compiled(name).plan.stage["segmented"].main.nodes
    assert {node.name: node.stop for node in nodes if node.stop} == STOPS[name]


def test_there_are_many_architectures() -> None:
    assert len(ENTRIES) >= 60
