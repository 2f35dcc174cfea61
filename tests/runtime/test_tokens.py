"""Models over token numbers: numbers in, local inside, and plain refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.compatibility import FastISM, NaiveISM
from fastism.errors import InputError, ModelError
from fastism.frontends.keras.lowering.lower import lower
from tests.compare import assert_matches_model
from tests.zoo import ZOO
from tests.zoo.tokens import TOKENS, embedded

layers = keras.layers

POOLED = "pools over the whole length"
FLAT = "gives every position a weight of its own"
STOPS = {
    "token_convolution": {"flatten": FLAT},
    "token_any_length": {"global_max_pooling1d": POOLED},
    "token_nested": {"global_average_pooling1d": POOLED},
    "token_beside": {"flatten": FLAT},
    "token_numbers": {
        "tokens/token": "gives token numbers, which have no windows",
        "global_max_pooling1d": POOLED,
    },
}


def numbers(length: int = 24, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, TOKENS, (2, length))


@pytest.mark.parametrize("name", STOPS)
def test_locality_ends_where_it_must_and_nowhere_else(name: str, compiled: Callable) -> None:
    nodes = compiled(name).plan.stage["segmented"].main.nodes
    assert {node.name: node.stop for node in nodes if node.stop} == STOPS[name]


def test_the_numbers_are_what_the_model_takes() -> None:
    model, x = ZOO["token_convolution"](), numbers()
    plan = api.compile(model)
    scores = plan(x)
    assert scores[0].alternate.shape == (2, 24, TOKENS, 2)
    np.testing.assert_allclose(scores[0].reference, model(x), atol=1e-6)
    mutant = x.copy()
    mutant[1, 23] = 4
    np.testing.assert_allclose(scores[0].alternate[1, 23, 4], model(mutant)[1], atol=1e-6)
    rows = np.eye(TOKENS)[x]
    np.testing.assert_array_equal(plan(rows)[0].alternate, scores[0].alternate)
    assert_matches_model(plan, model, x)
    report = check_plan(plan, model)
    assert report.largest_difference < 1e-6 < report.largest_effect


@pytest.mark.parametrize("classes", [TOKENS, TOKENS + 2])
def test_rows_made_in_the_model(classes: int) -> None:
    """To ``ops.one_hot`` the rows are the result; what reads fewest tokens says how many."""
    keras.utils.clear_session(free_memory=False)
    tokens = keras.Input((24,), dtype="int32", name="tokens")
    rows = [keras.ops.one_hot(tokens, classes), layers.Embedding(TOKENS, 3)(tokens)]
    x = layers.Conv1D(4, 3, activation="relu")(layers.Concatenate()(rows))
    model = keras.Model(tokens, layers.Dense(2)(layers.GlobalMaxPooling1D(name="pool")(x)))
    plan = api.compile(model)
    assert_matches_model(plan, model, numbers())
    nodes = plan.stage["segmented"].main.nodes
    assert {node.name: node.stop for node in nodes if node.stop} == {"pool": POOLED}


@pytest.mark.parametrize("name", ["token_convolution", "token_numbers", "masked_memory"])
def test_the_numpy_backend_agrees(name: str) -> None:
    model = ZOO[name]()
    plan = api.compile(model, sites=[0, 1, 12, 23], backend="reference")
    assert_matches_model(plan, model, numbers())


def test_alternatives_are_numbers_or_rows() -> None:
    model, x = ZOO["token_convolution"](), numbers()
    every = api.compile(model)(x)[0].alternate
    for given in ([3, 1], [[3], [1]], np.eye(TOKENS)[[3, 1]]):
        plan = api.compile(model, alternatives=given)
        np.testing.assert_allclose(plan(x)[0].alternate, every[:, :, [3, 1]], atol=1e-6)
    later = api.compile(model)(x, alternatives=[3, 1])[0].alternate
    np.testing.assert_allclose(later, every[:, :, [3, 1]], atol=1e-6)


def test_wide_sites() -> None:
    model = ZOO["token_convolution"]()
    plan = api.compile(
        model, sites=[(0, 3), (10, 13), (21, 24)], alternatives=[[1, 2, 3], [5, 0, 5]]
    )
    assert plan.alternatives.shape == (2, 3, TOKENS)
    assert_matches_model(plan, model, numbers())


def test_a_plan_over_tokens_is_stored(tmp_path: Path) -> None:
    model, x = ZOO["token_numbers"](), numbers()
    plan = api.compile(model, sites=[0, 3, 23], outputs=["dense"])
    plan.save(tmp_path / "plan")
    loaded = api.load(tmp_path / "plan", unsafe=True)
    np.testing.assert_array_equal(loaded(x)[0].alternate, plan(x)[0].alternate)
    with pytest.raises(InputError, match="not tokens"):
        loaded(x + 1)


def test_the_ancestors_interface() -> None:
    model, x = ZOO["token_convolution"](), numbers()
    ranges = [(0, 2), (11, 13), (22, 24)]
    fast, slow = FastISM(model, change_ranges=ranges), NaiveISM(model, change_ranges=ranges)
    for token in (0, 5, [4, 2]):
        np.testing.assert_allclose(fast(x, token), slow(x, token), atol=1e-6)
    assert np.abs(fast(x, 5) - fast(x, 0)).max() > 1e-3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (numbers() + 1, "holds numbers that are not tokens"),
        (numbers() + 0.5, "holds numbers that are not tokens"),
        (-numbers(), "holds numbers that are not tokens"),
        (np.zeros((2, 24, TOKENS)), "is not one token at every position"),
        (np.full((2, 24, TOKENS), 1 / TOKENS), "is not one token at every position"),
        (numbers()[0], "the shape"),
        (numbers(30), "the shape"),
    ],
)
def test_what_is_no_token_is_refused(given: np.ndarray, message: str) -> None:
    plan = api.compile(ZOO["token_convolution"]())
    with pytest.raises(InputError, match=message):
        plan(given)


@pytest.mark.parametrize("given", ["zeros", "uniform", [TOKENS], [-1], np.ones((1, TOKENS))])
def test_alternatives_that_are_no_token_are_refused(given: object) -> None:
    plan = api.compile(ZOO["token_convolution"]())
    with pytest.raises(InputError, match="an alternative"):
        api.compile(ZOO["token_convolution"](), alternatives=given)
    with pytest.raises(InputError, match="an alternative"):
        plan(numbers(), alternatives=given)


def test_numbers_that_no_embedding_reads_are_refused() -> None:
    inputs = keras.Input((24,), dtype="int32", name="tokens")
    model = keras.Model(inputs, layers.Dense(2)(keras.ops.cast(inputs, "float32")))
    with pytest.raises(ModelError, match="does not hold sequences") as caught:
        lower(model)
    assert "Embedding" in str(caught.value)


def test_the_module_says_what_it_is() -> None:
    keras.utils.clear_session(free_memory=False)
    inputs, x = embedded()
    module = lower(keras.Model(inputs, layers.Dense(3, name="head")(x))).module
    assert [f"{node.name} {node.op} {node.type}" for node in module.main.nodes] == [
        "tokens/token token i32[N,24]",
        "embedding dense f32[N,24,5]",
        "head dense f32[N,24,3]",
    ]
    assert str(module.main.values["tokens"].type) == f"f32[N,24,{TOKENS}]"


def test_fewest_tokens_count() -> None:
    """Two tables: only what both know is a token."""
    plan = api.compile(ZOO["token_any_length"](), length=30)
    assert plan.channels == TOKENS
    with pytest.raises(InputError, match="not tokens"):
        plan(np.full((1, 30), TOKENS))
