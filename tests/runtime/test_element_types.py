"""Models in half and double precision: local, and within the rounding of their own type."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from fastism import api
from fastism.backends import reference
from fastism.checking.model import model_scores
from fastism.checking.tolerances import differences, tolerance_of
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from fastism.testing.random_models import random_model
from tests.compare import TOLERANCES, assert_matches_model
from tests.zoo import by_model
from tests.zoo.policies import mixture, policy
from tests.zoo.registry import randomize

layers = keras.layers

POLICIES = {
    "mixed_float16": "float16",
    "mixed_bfloat16": "bfloat16",
    "float16": "float16",
    "bfloat16": "bfloat16",
    "float64": "float64",
}
"""Policies of Keras, and the type each computes in."""

SEEDS = [0, 2, *(pytest.param(seed, marks=pytest.mark.sweep) for seed in (3, 5))]
"""Of random models; 1 and 4 reverse an input of float32."""

LAST = {
    "global_average_pooling1d": "pools over the whole length",
    "flatten": "gives every position a weight of its own",
}


def stops(plan: Plan) -> dict[str, str | None]:
    """Where the plan stops being local, and why."""
    return {n.name: n.stop for n in plan.stage["segmented"].main.nodes if n.stop}


@pytest.mark.parametrize("name", by_model(f"policy_{name}" for name in POLICIES))
def test_a_model_under_a_policy_stays_local(name: str, compiled: Callable) -> None:
    case = compiled(name)
    assert not case.plan.opaque
    assert stops(case.plan) == LAST
    own = TOLERANCES[POLICIES[name.removeprefix("policy_")]]
    tolerance = max(own, TOLERANCES["float32"])  # of its last layer
    assert_matches_model(case.plan, case.model, case.inputs, tolerance)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_models_under_a_policy(name: str, seed: int) -> None:
    with policy(name):
        model = random_model(seed, depth=3, plain=True)
    tolerance = TOLERANCES[POLICIES[name]]
    assert tolerance_of(model) == tolerance
    plan = api.compile(model)
    assert not plan.opaque
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1, seed), tolerance)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_differences_are_nearer_the_truth_than_the_models_own(name: str) -> None:
    """The model in half precision rounds away what a base does; the plan keeps it."""
    half, whole = mixture(name), mixture("float64")
    randomize(half, 5)
    for variable, own in zip(whole.variables, half.variables, strict=True):
        variable.assign(keras.ops.cast(own, "float64"))
    plan, exact = api.compile(half), api.compile(whole)
    x = next(iter(random_inputs(plan.module.main, 1).values()))
    truth, own, found = model_scores(exact, whole, x), model_scores(plan, half, x), plan(x)
    for one, two in zip(truth, found, strict=True):
        wanted = truth[one].delta()
        miss = np.sqrt(np.mean((own[two].delta() - wanted) ** 2))
        assert np.sqrt(np.mean((found[two].delta() - wanted) ** 2)) < miss / 5


def test_weights_are_rounded_as_the_layer_rounds_them() -> None:
    inputs = keras.Input((20, 4))
    conv = layers.Conv1D(3, 5, dtype="mixed_bfloat16", name="conv")
    norm = layers.BatchNormalization(dtype="mixed_bfloat16", name="norm")
    model = keras.Model(inputs, norm(conv(inputs)))
    randomize(model, 1)
    module = api.compile(model).stage["imported"]
    kernel, gamma = (module.constants[name].data for name in ("conv.kernel", "norm.gamma"))
    assert kernel is not None
    assert kernel.dtype == np.float32
    rounded = np.asarray(keras.ops.cast(keras.ops.cast(conv.kernel, "bfloat16"), "float32"))
    np.testing.assert_array_equal(kernel, rounded)
    assert np.any(kernel != np.asarray(conv.kernel))
    np.testing.assert_array_equal(gamma, np.asarray(norm.gamma))  # it computes in float32 itself


def test_double_precision_is_double_throughout() -> None:
    """The edges of a padded pool, a branch the edit does not reach, and a nested model."""
    with policy("float64"):
        inputs, other = keras.Input((30, 4), name="dna"), keras.Input((30, 3), name="other")
        x = layers.Conv1D(3, 5, padding="same", activation="tanh")(inputs)
        x = layers.AveragePooling1D(3, 1, padding="same")(x)
        x = layers.Concatenate()([x, layers.Dense(3)(other)])
        inner = keras.Sequential([keras.Input((30, 6), dtype="float64"), layers.Dense(4)])
        y = layers.Dense(2)(layers.GlobalAveragePooling1D()(layers.Activation("silu")(inner(x))))
        model = keras.Model([inputs, other], [x, y])
    randomize(model, 2)
    for backend in ("tensorflow", "reference"):
        plan = api.compile(model, backend=backend)
        given = random_inputs(plan.module.main)
        assert not plan.opaque
        scores = plan(given)
        assert all(scores[name].alternate.dtype == np.float64 for name in scores)
        assert_matches_model(plan, model, given, 1e-13)


def test_casts_are_nodes_of_the_layer_that_casts() -> None:
    inputs = keras.Input((20, 4), name="dna")
    x = layers.Dense(3, name="narrow")(layers.Dense(3, dtype="float64", name="wide")(inputs))
    module = api.compile(keras.Model(inputs, x)).stage["imported"]
    nodes = [(node.name, node.op, str(node.type)) for node in module.main.nodes]
    assert nodes == [
        ("wide/cast", "cast", "f64[N,20,4]"),
        ("wide", "dense", "f64[N,20,3]"),
        ("narrow/cast", "cast", "f32[N,20,3]"),
        ("narrow", "dense", "f32[N,20,3]"),
    ]
    values = reference.run(module, "main", {"dna": np.ones((1, 20, 4))}, keep=["wide", "narrow"])
    assert [array.dtype.name for array in values.values()] == ["float64", "float32"]


def test_a_quantized_layer_runs_live() -> None:
    inputs = keras.Input((20, 4))
    model = keras.Model(inputs, layers.Dense(3, name="head")(layers.Dense(8, name="few")(inputs)))
    randomize(model, 1)
    model.get_layer("few").quantize("int8")
    plan = api.compile(model)
    assert set(plan.opaque) == {"few"}
    given = random_inputs(plan.module.main)
    scores, expected = plan(given)["head"], model_scores(plan, model, given)["head"]
    assert differences(scores.alternate, expected.alternate).max() < 1e-5
