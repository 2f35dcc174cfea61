"""Random models: their scores against themselves, their ranges against what happens."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastism import api
from fastism.runtime.inputs import random_inputs
from fastism.testing import oracles
from fastism.testing.compare import assert_matches_model
from fastism.testing.random_models import models, random_model

SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_are_those_of_the_model(seed: int) -> None:
    model = random_model(seed)
    plan = api.compile(model)
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1, seed))


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(model=models(depth=4), seed=st.integers(0, 99))
def test_ranges_are_sound_and_tight(model: keras.Model, seed: int) -> None:
    plan = api.compile(model, backend="reference")
    module = plan.stage["annotated"]
    inputs = random_inputs(module.main, 1, seed)
    sites = oracles.edges_and_inside(plan.length)
    assert not list(oracles.unsound_changes(module, inputs, sites))
    assert not list(oracles.unsound_needs(module, inputs))
    if oracles.seen_whole(module.main):
        module, inputs = oracles.positive(module, seed), oracles.positive_inputs(module.main)
        assert not list(oracles.loose_changes(module, inputs, sites))
        assert not list(oracles.loose_needs(module, inputs))


def test_a_seed_is_a_model() -> None:
    first, again, other = (random_model(seed) for seed in (3, 3, 4))
    names = [[layer.name for layer in model.layers] for model in (first, again, other)]
    assert names[0] == names[1] != names[2]
    for one, two in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_random_models_cover_the_layers() -> None:
    """Among the fixed seeds is every kind of layer that can be drawn."""
    seen: set[str] = set()
    several = second = 0
    for seed in SEEDS:
        model = random_model(seed)
        several += len(model.outputs) > 1
        second += len(model.inputs) > 1
        seen.update(type(layer).__name__ for layer in model._flatten_layers())
    assert several > 5
    assert second > 5
    assert seen >= {
        *("Conv1D", "DepthwiseConv1D", "SeparableConv1D", "Dense"),
        *("MaxPooling1D", "AveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling1D"),
        *("Cropping1D", "ZeroPadding1D", "UpSampling1D", "Flatten", "Functional"),
        *("BatchNormalization", "LayerNormalization", "Activation"),
        *("Add", "Multiply", "Maximum", "Concatenate"),
    }
