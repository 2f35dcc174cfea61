"""Random models: their scores against themselves, their ranges against what happens."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastism import api
from fastism.runtime.inputs import random_inputs
from fastism.testing import oracles, random_model
from fastism.testing.drawing.walk import KINDS, Sketch, Step, Walk
from fastism.testing.random_models import draw, models, randomize
from fastism.testing.trial import Recipe, trial

SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.sweep) for seed in range(12, 240))]
WINDOWS = "flatten,canonicalize,annotate,segment{weigh=false},split,schedule"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
def test_scores_are_those_of_the_model(seed: int) -> None:
    trial(Recipe(seed))


@pytest.mark.parametrize(
    "step", dict.fromkeys(KINDS["local"] + KINDS["branching"]), ids=lambda step: step.__name__
)
def test_a_plain_step_stays_on_windows(step: Step) -> None:
    """Whatever its options, nothing runs live and nothing runs whole."""
    for seed in range(4):
        inputs = keras.Input((41, 6), name="sequence")
        outputs = step(Walk(Sketch(seed, plain=True), "t"), inputs)
        plan = api.compile(keras.Model(inputs, outputs), pipeline=WINDOWS)
        stops = {n.name: n.stop for n in plan.stage["segmented"].main.nodes if n.stop}
        assert not stops, f"seed {seed}"
        assert not any(node.op == "opaque" for node in plan.stage["flat"].main.nodes)


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(model=models(depth=4), seed=st.integers(0, 99))
def test_ranges_are_sound_and_tight(model: keras.Model, seed: int) -> None:
    plan = api.compile(model, seq_input="sequence", backend="reference")
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


def test_a_part_that_is_left_out_leaves_the_others_as_they_were() -> None:
    for seed in range(4):
        whole = draw(seed).parts
        for left_out in whole:
            rest = draw(seed, without=[left_out]).parts
            assert left_out not in rest
            assert all(whole[path] == what for path, what in rest.items() if path in whole)


def test_random_models_draw_everything() -> None:
    """Among a few hundred seeds is every kind of step, start and head."""
    missing = {step.__name__ for kind in KINDS.values() for step in kind} | {
        *("tokens", "plane", "masked", "vector", "track", "some sites"),
        *("local", "step", "value", "raw", "flatten", "average", "maximum", "both", "sum", "at"),
        *("float64", "mixed_float16", "1 in", "2 in", "1 out", "2 out", "3 out"),
    }
    for seed in range(150):
        drawing = draw(seed)
        missing -= set(drawing.parts.values())
        missing -= {f"{len(drawing.model.inputs)} in", f"{len(drawing.model.outputs)} out"}
        if not missing:
            break
    assert not missing


def test_recurrent_weights_do_not_stretch_rounding_into_chaos() -> None:
    inputs = keras.Input((30, 4))
    model = keras.Model(inputs, keras.layers.SimpleRNN(2, return_sequences=True)(inputs))
    for seed in range(8):
        randomize(model, seed)
        (kernel,) = (w.numpy() for w in model.weights if w.name == "recurrent_kernel")
        assert np.linalg.norm(kernel, 2) <= 1 + 1e-6
