"""Any sites, in any order: the model's own numbers, and locality as for single positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.checking.model import model_scores
from fastism.runtime.inputs import random_inputs
from tests.compare import assert_matches_model, assert_same_scores
from tests.zoo import ENTRIES


@pytest.mark.parametrize("name", ["pool_same", "local_and_global_outputs", "chain_strided_same"])
@pytest.mark.parametrize(
    ("sites", "width"),
    [(slice(None, None, 5), None), (None, 6), (slice(None, None, 7), 7), ([33, 0, 36], 4)],
    ids=["every fifth", "overlapping", "tiled", "listed"],
)
def test_scores_are_those_of_the_model(
    name: str, sites: Any, width: int | None, compiled: Callable
) -> None:
    """And locality ends where it does for single positions."""
    case = compiled(name)
    plan = api.compile(case.model, sites=sites, width=width, alternatives="zeros")
    assert_matches_model(plan, case.model, case.inputs)
    stops = [
        {node.name: node.stop for node in each.stage["segmented"].main.nodes if node.stop}
        for each in (plan, case.plan)
    ]
    assert stops[0] == stops[1]


def test_a_mask_is_the_list_of_its_positions(compiled: Callable) -> None:
    case = compiled("pool_same")
    mask = np.random.default_rng(0).random(case.plan.length) < 0.3
    plan = api.compile(case.model, sites=mask)
    positions = np.flatnonzero(mask)
    every = case.plan(case.inputs)
    for head in every:
        found = plan(case.inputs)[head].alternate
        expected = every[head].alternate[:, positions]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_sites_that_no_output_sees_keep_the_reference() -> None:
    model = ENTRIES["skip_cropped"].build()
    plan = api.compile(model)
    x = random_inputs(plan.module.main)
    assert_same_scores(plan, plan(x), model_scores(plan, model, x))
