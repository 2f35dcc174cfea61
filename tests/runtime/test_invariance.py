"""What must not matter to a score: chunks, batches, company, the form of the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.checking.model import model_scores
from fastism.checking.mutants import every_item
from fastism.passes.manager import DEFAULT
from fastism.runtime.inputs import random_inputs
from fastism.runtime.scores import Scores
from tests.compare import assert_matches_model, assert_same_scores
from tests.zoo import ENTRIES

EXACT = 1e-6
"""Of the output's scale: sums may be taken in another order, no more."""

NAMES = ("flatten_dense_stack", "local_and_global_outputs", "pool_same", "two_inputs_late")


@pytest.mark.parametrize("name", ["flatten_twice", "pool_same"])
def test_chunks_do_not_matter(name: str, compiled: Callable) -> None:
    case = compiled(name)
    expected = case.plan(case.inputs)
    for pairs in (1, 7, 4096):
        pipeline = DEFAULT.replace("schedule", f"schedule{{pairs={pairs}}}")
        plan = api.compile(case.model, pipeline=pipeline, backend="tensorflow")
        assert {group.pairs for group in plan.executor.groups} == {pairs}
        assert_same_scores(plan, plan(case.inputs), expected, EXACT)
        assert {function.traces for function in plan.executor.functions.values()} == {1}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_the_batch_does_not_matter(name: str, batch_size: int, compiled: Callable) -> None:
    plan = compiled(name).plan
    inputs = random_inputs(plan.module.main, 5)
    assert_same_scores(plan, plan(inputs, batch_size=batch_size), plan(inputs), EXACT)


@pytest.mark.parametrize("name", NAMES)
def test_company_does_not_matter(name: str, compiled: Callable) -> None:
    """A shuffled subset of the items, some of them twice, scores as the whole did."""
    case = compiled(name)
    full, items = case.plan(case.inputs), every_item(case.plan, 2)
    random = np.random.default_rng(0)
    some = items.take(random.integers(0, len(items), 60))
    found = case.plan.score_items(
        case.inputs, some.sequence, some.site, some.alternative, batch_size=1
    )
    for head in full:
        expected = full[head].alternate[some.sequence, some.site, some.alternative]
        scale = np.abs(full[head].alternate).max()
        np.testing.assert_allclose(found[head], expected, rtol=0, atol=EXACT * scale)


def test_no_items_at_all(compiled: Callable) -> None:
    case = compiled("pool_same")
    (found,) = case.plan.score_items(case.inputs, [], [], []).values()
    assert found.shape == (0, *next(iter(case.plan.output_shapes.values())))


@pytest.mark.parametrize("name", NAMES)
def test_the_alternative_that_is_there_already_gives_the_reference(
    name: str, compiled: Callable
) -> None:
    """Exactly: nothing is computed for it."""
    case = compiled(name)
    scores = case.plan(case.inputs)
    letters = case.inputs[case.plan.module.seq_input].argmax(axis=-1)
    for head in scores:
        at = np.take_along_axis(
            scores[head].delta(),
            letters.reshape(*letters.shape, *[1] * (scores[head].alternate.ndim - 2)),
            axis=2,
        )
        assert not at.any()
        assert scores[head].delta().any()


@pytest.mark.parametrize("rows", ["zeros", "soft", "some zeros"])
@pytest.mark.parametrize("name", ["pool_same", "global_maximum", "norm_before_conv"])
def test_rows_that_are_not_one_hot(name: str, rows: str, compiled: Callable) -> None:
    case = compiled(name)
    (sequence,) = case.inputs
    random = np.random.default_rng(1)
    x = np.zeros_like(case.inputs[sequence])
    if rows == "soft":
        x = random.dirichlet(np.ones(4), x.shape[:2]).astype("float32")
    if rows == "some zeros":
        x = case.inputs[sequence] * (random.random((*x.shape[:2], 1)) < 0.7)
    assert_matches_model(case.plan, case.model, x)


@pytest.mark.parametrize("name", ["pool_same", "global_maximum", "chain_strided_same"])
def test_sites_wider_than_one(name: str) -> None:
    """Three positions at a time, other rows than one-hot ones, sites in no order."""
    model = ENTRIES[name].build()
    rows = np.random.default_rng(2).normal(size=(2, 3, 4)).astype("float32")
    sites = [(37, 40), (0, 3), (12, 15), (13, 16), (1, 4)]
    plan = api.compile(model, sites=sites, alternatives=rows)
    assert_matches_model(plan, model, random_inputs(plan.module.main))


def test_one_site_of_the_whole_sequence() -> None:
    model = ENTRIES["global_maximum"].build()
    rows = np.random.default_rng(2).normal(size=(2, 40, 4)).astype("float32")
    plan = api.compile(model, sites=[(0, 40)], alternatives=rows)
    x = random_inputs(plan.module.main)
    assert_matches_model(plan, model, x)
    whole = np.asarray(model(rows))
    np.testing.assert_allclose(plan(x).alternate[0, 0], whole, rtol=0, atol=1e-5)


def test_inputs_as_a_list_and_by_name(compiled: Callable) -> None:
    case = compiled("two_inputs_late")
    by_name = case.plan(case.inputs)
    assert len(case.inputs) == 2
    for form in (list(case.inputs.values()), tuple(case.inputs.values())):
        assert_same_scores(case.plan, case.plan(form), by_name, 0.0)
    turned = dict(reversed(case.inputs.items()))
    assert_same_scores(case.plan, case.plan(turned), by_name, 0.0)


def test_inputs_and_outputs_as_dicts(compiled: Callable) -> None:
    case = compiled("two_inputs_dict")
    assert set(case.inputs) == {"sequence", "bias_track"}
    scores = case.plan(case.inputs)
    assert set(scores) == {"profile", "counts"}
    own = case.model(case.inputs)
    for head in scores:
        np.testing.assert_allclose(scores[head].reference, own[head], rtol=0, atol=1e-5)


def test_a_choice_of_outputs(compiled: Callable) -> None:
    case = compiled("local_and_global_outputs")
    every = case.plan(case.inputs)
    for head in case.plan.output_names:
        plan = api.compile(case.model, outputs=[head])
        assert plan.output_names == (head,)
        expected = Scores({head: every[head]})
        assert_same_scores(plan, plan(case.inputs), expected, EXACT)
        assert_same_scores(plan, model_scores(plan, case.model, case.inputs), expected, 1e-5)


def _layers(name: str) -> list[Any]:
    """(model, layer) for every layer of the model that a stop may name."""
    model = ENTRIES[name].build()
    plan = api.compile(model, sites=[0], backend="reference")
    nodes = plan.stage["annotated"].main.nodes
    return [(name, layer) for layer in dict.fromkeys(n.origin.layer for n in nodes if n.origin)]


@pytest.mark.parametrize(
    ("name", "layer"), [*_layers("flatten_norm_dense"), *_layers("skip_cropped")]
)
def test_a_stop_at_any_layer_gives_the_same_numbers(
    name: str, layer: str, compiled: Callable
) -> None:
    case = compiled(name)
    plan = api.compile(case.model, stop_layers=layer, backend="reference")
    stopped = [n for n in plan.stage["segmented"].main.nodes if n.origin.layer == layer]
    assert all(node.mode in ("whole", "reference") for node in stopped)
    x = {key: array[:1] for key, array in case.inputs.items()}
    assert_same_scores(plan, plan(x), case.plan(x), 1e-5)
