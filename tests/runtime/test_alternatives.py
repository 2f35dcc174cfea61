"""What is written at a site: by name, given, and of each sequence's own; one plan for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import fastism
from fastism import api
from fastism.checking.mutants import every_item
from fastism.errors import InputError
from fastism.passes.manager import DEFAULT
from fastism.runtime.inputs import random_inputs
from fastism.runtime.plan import Plan
from tests.compare import assert_matches_model, assert_same_scores
from tests.zoo import ENTRIES

NAMES = ("pool_same", "local_and_global_outputs", "chain_strided_same")
WIDTH, STEP = 5, 6
random = np.random.default_rng(0)


@pytest.fixture(scope="module", params=NAMES)
def tiled(request: pytest.FixtureRequest) -> tuple[keras.Model, Plan, dict[str, np.ndarray]]:
    """A model, its plan for tiles of the sequence, and three sequences."""
    model = ENTRIES[request.param].build()
    options = {"sites": slice(None, None, STEP), "width": WIDTH, "alternatives": "zeros"}
    plan = api.compile(model, **options, backend="tensorflow")  # its traces are counted
    return model, plan, random_inputs(plan.module.main, 3)


def given(plan: Plan, x: Any, kind: str) -> Any:
    """Alternatives of one kind for three sequences."""
    sites, rows = len(plan.executor.starts), (2, WIDTH, plan.channels)
    kinds = {
        "rows": lambda: random.normal(size=rows),
        "by sequence": lambda: random.normal(size=(3, *rows)),
        "by site": lambda: random.normal(size=(1, sites, *rows)),
        "by sequence and site": lambda: random.normal(size=(3, sites, *rows)),
        "whole numbers": lambda: random.integers(0, 2, (3, *rows)).astype(np.int8),
        "shuffled": lambda: fastism.shuffled(plan.site_rows(x), 3),
    }
    return kinds[kind]() if kind in kinds else kind


@pytest.mark.parametrize(
    "kind",
    [
        *("letters", "zeros", "uniform", "rows", "whole numbers", "shuffled"),
        *("by sequence", "by site", "by sequence and site"),
    ],
)
def test_scores_are_those_of_the_model(kind: str, tiled: tuple[Any, Plan, Any]) -> None:
    """Whatever is written, by the same compiled program."""
    model, plan, x = tiled
    assert_matches_model(plan, model, x, alternatives=given(plan, x, kind))
    assert plan.executor.groups
    assert {function.traces for function in plan.executor.functions.values()} <= {1}
    assert not [n for n in plan.stage["segmented"].main.nodes if n.op == "opaque"]


def test_names_are_rows() -> None:
    model = ENTRIES["pool_same"].build()
    plan = api.compile(model, sites=slice(3, 9), width=3, alternatives="words")
    letters = np.eye(4, dtype=np.float32)
    assert plan.alternatives.shape == (64, 3, 4)
    np.testing.assert_array_equal(plan.alternatives[0b_10_01_11], letters[[2, 1, 3]])
    assert_matches_model(plan, model, random_inputs(plan.module.main))
    np.testing.assert_array_equal(plan.written("letters", 1)[2], letters[[2, 2, 2]])
    np.testing.assert_array_equal(plan.written("uniform", 1), np.full((1, 3, 4), 0.25))
    assert not plan.written("zeros", 1).any()


@pytest.mark.parametrize("name", ["protein", "five_letters"])
@pytest.mark.parametrize("alternatives", ["letters", "zeros", "uniform"])
def test_any_alphabet(name: str, alternatives: str, compiled: Callable) -> None:
    case = compiled(name)
    x = case.inputs[case.plan.module.seq_input].copy()
    x[0, 3:9] = 0  # no letter
    x[1, 4:7] = 1 / x.shape[2]  # any letter
    x[1, 20:24] = random.dirichlet(np.ones(x.shape[2]), 4)  # some letters more than others
    assert_matches_model(case.plan, case.model, x, alternatives=alternatives)


@pytest.mark.parametrize("kind", ["zeros", "uniform", "by sequence"])
def test_an_edit_that_changes_nothing_gives_the_reference_itself(
    kind: str, tiled: tuple[Any, Plan, Any]
) -> None:
    _, plan, x = tiled
    x = {name: array.copy() for name, array in x.items()}
    sequence = x[plan.module.seq_input]
    rows: Any = kind
    if kind == "by sequence":
        rows = plan.site_rows(x)[:, :, None]  # what each sequence holds at each site
    else:
        sequence[0, STEP : STEP + WIDTH] = 0.0 if kind == "zeros" else 1 / plan.channels
    scores = plan(x, alternatives=rows)
    for head in scores:
        if kind == "by sequence":
            held = scores[head].alternate[:, :, 0]
            assert np.array_equal(
                held, np.broadcast_to(scores[head].reference[:, None], held.shape)
            )
        else:
            assert np.array_equal(scores[head].alternate[0, 1, 0], scores[head].reference[0])
            assert scores[head].delta()[1:, 1:].any()


def test_letters_written_where_there_is_none(compiled: Callable) -> None:
    """Over a row of zeros no letter is the reference; zeros are, exactly."""
    case = compiled("pool_same")
    x = case.inputs[case.plan.module.seq_input].copy()
    x[:, 11] = 0
    scores = case.plan(x)
    assert np.all(np.any(scores.delta()[:, 11].reshape(-1, scores.delta()[0, 0, 0].size), axis=-1))
    assert not case.plan(x, alternatives="zeros").delta()[:, 11].any()


def test_a_call_leaves_the_plans_own_alternatives(compiled: Callable) -> None:
    case = compiled("pool_same")
    before = case.plan(case.inputs)
    assert case.plan(case.inputs, alternatives="zeros").alternate.shape[2] == 1
    assert_same_scores(case.plan, case.plan(case.inputs), before, 0.0)


@pytest.mark.parametrize("kind", ["rows", "by sequence", "by site", "by sequence and site"])
def test_items_score_as_the_whole_does(kind: str, tiled: tuple[Any, Plan, Any]) -> None:
    _, plan, x = tiled
    rows = given(plan, x, kind)
    full = plan(x, alternatives=rows)
    some = every_item(plan, 3, 2)
    some = some.take(random.integers(0, len(some), 25))
    index = some.sequence, some.site, some.alternative
    found = plan.score_items(x, *index, alternatives=rows, batch_size=2)
    for head in full:
        expected = full[head].alternate[index]
        np.testing.assert_allclose(
            found[head], expected, rtol=0, atol=1e-6 * np.abs(expected).max()
        )


@pytest.mark.parametrize("batch_size", [1, 2, 32])
@pytest.mark.parametrize("kind", ["by sequence", "by sequence and site"])
def test_the_batch_does_not_matter(
    kind: str, batch_size: int, tiled: tuple[Any, Plan, Any]
) -> None:
    _, plan, x = tiled
    rows = given(plan, x, kind)
    found = plan(x, alternatives=rows, batch_size=batch_size)
    assert_same_scores(plan, found, plan(x, alternatives=rows, memory=1), 1e-6)


@pytest.mark.parametrize("pairs", [1, 3])
def test_many_alternatives_take_no_larger_chunks(pairs: int) -> None:
    """A chunk holds the items that were scheduled, however many a pair has."""
    model = ENTRIES["flatten_twice"].build()
    pipeline = DEFAULT.replace("schedule", f"schedule{{pairs={pairs}}}")
    plan = api.compile(model, sites=[0, 9, 20], pipeline=pipeline, backend="tensorflow")
    assert {group.pairs * group.alternatives for group in plan.executor.groups} == {3 * pairs}
    rows = random.normal(size=(2, 20, 1, 4))
    x = random_inputs(plan.module.main)
    sizes: list[int] = []
    chunk = plan.executor._chunk

    def watched(*arguments: Any) -> Any:
        sizes.append(arguments[-1].size)
        return chunk(*arguments)

    plan.executor._chunk = watched  # type: ignore[method-assign]
    assert_matches_model(plan, model, x, alternatives=rows)
    assert 0 < max(sizes) <= 3 * pairs


def test_shuffles_keep_the_letters_and_depend_on_the_sequence_alone() -> None:
    rows = np.eye(4, dtype=np.float32)[random.integers(0, 4, (3, 2, 12))]
    found = fastism.shuffled(rows, 5, seed=1)
    assert found.shape == (3, 2, 5, 12, 4)
    np.testing.assert_array_equal(found.sum(axis=3), np.repeat(rows.sum(axis=2)[:, :, None], 5, 2))
    assert len(np.unique(found.reshape(30, -1), axis=0)) == 30
    np.testing.assert_array_equal(fastism.shuffled(rows[[2, 0]], 5, seed=1), found[[2, 0]])
    assert not np.array_equal(fastism.shuffled(rows, 5, seed=2), found)
    with pytest.raises(InputError, match="cannot shuffle"):
        fastism.shuffled(rows[0], 5)
    with pytest.raises(InputError, match="0 times"):
        fastism.shuffled(rows, 0)


def test_saved_and_loaded(tmp_path: Any, tiled: tuple[Any, Plan, Any]) -> None:
    _, plan, x = tiled
    plan.save(tmp_path / "plan")
    again = api.load(tmp_path / "plan")
    rows = given(plan, x, "by sequence")
    assert_same_scores(plan, again(x), plan(x), 0.0)
    assert_same_scores(plan, again(x, alternatives=rows), plan(x, alternatives=rows), 0.0)


@pytest.mark.parametrize(
    ("alternatives", "message"),
    [
        ("zeroes", "no alternatives 'zeroes'"),
        ("words", r"4\*\*7 words of 7 letters"),
        (None, "7 positions wide, so the alternatives must be given"),
        (np.zeros((2, 4)), r"shape \(2, 4\)"),
        (np.zeros((2, 6, 4)), r"must be \(A, 7, 4\)"),
        (np.zeros((0, 7, 4)), r"shape \(0, 7, 4\)"),
        (np.zeros((3, 2, 7, 4)), r"shape \(3, 2, 7, 4\)"),
    ],
)
def test_what_compile_refuses(alternatives: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        api.compile(ENTRIES["pool_same"].build(), width=7, alternatives=alternatives)


@pytest.mark.parametrize(
    "shape", [(2, 2, WIDTH, 4), (3, 2, 4, 4), (3, 5, 2, WIDTH, 4), (3, 0, WIDTH, 4), (3,) * 6]
)
def test_what_a_call_refuses(shape: tuple[int, ...], tiled: tuple[Any, Plan, Any]) -> None:
    _, plan, x = tiled
    with pytest.raises(InputError, match=r"by sequence must be \(3, A, 5, 4\)"):
        plan(x, alternatives=np.zeros(shape))
