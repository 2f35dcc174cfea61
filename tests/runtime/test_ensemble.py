"""Mean and standard deviation over plans, held against numpy's over the members' own scores."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import fastism
from fastism import BothStrands, Ensemble
from fastism.errors import InputError

LENGTH = 12
X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, LENGTH))]


def fold(seed: int, tasks: int = 2) -> keras.Model:
    """A model whose layers are called otherwise than those of the others."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((LENGTH, 4))
    x = layers.GlobalMaxPooling1D()(layers.Conv1D(5, 3, activation="relu")(inputs))
    return keras.Model(inputs, [layers.Dense(tasks, name=f"task_{seed}")(x), layers.Dense(1)(x)])


PLANS = [fastism.compile(fold(seed), backend="reference") for seed in range(3)]


def test_the_mean_and_deviation_are_numpys() -> None:
    scores, members = Ensemble(PLANS)(X), [plan(X) for plan in PLANS]
    assert list(scores) == list(PLANS[0].output_names)
    for index, name in enumerate(scores):
        heads = [member[index] for member in members]
        for part in ("reference", "alternate"):
            every = np.stack([getattr(head, part) for head in heads])
            np.testing.assert_allclose(getattr(scores[name], part), every.mean(0), atol=1e-6)
            deviation = getattr(scores.deviations[name], part)
            np.testing.assert_allclose(deviation, every.std(0), atol=1e-6)
        deltas = np.stack([head.delta() for head in heads])
        np.testing.assert_allclose(scores.deviations[name].delta, deltas.std(0), atol=1e-6)
        held = scores[name].one_hot == 1
        assert not scores[name].delta()[held].any()
        assert not scores.deviations[name].delta[held].any()


def test_strands_come_before_folds() -> None:
    both = [BothStrands(plan, "same")(X) for plan in PLANS]
    scores = Ensemble(PLANS, rc=True, strands={"task_0": "same"})(X)
    every = np.stack([member[0].alternate for member in both])
    np.testing.assert_allclose(scores[0].alternate, every.mean(0), atol=1e-6)
    np.testing.assert_allclose(scores.deviations["task_0"].alternate, every.std(0), atol=1e-6)
    ratio = np.log2(np.exp(every).mean(0))  # not the mean of logarithms: see the next test
    assert not np.allclose(ratio, scores[0].alternate)


def test_a_ratio_is_that_of_means() -> None:
    inputs = keras.Input((LENGTH, 4))
    conv = layers.Conv1D(2, 3, activation="softplus")(inputs)
    positive = keras.Model(inputs, layers.Dense(1, activation="softplus")(layers.Flatten()(conv)))
    plans = []
    for scale in (1.0, 3.0):
        positive.layers[-1].bias.assign([scale])
        plans.append(fastism.compile(positive, backend="reference"))
    scores, members = Ensemble(plans)(X), [plan(X) for plan in plans]
    alternate = np.mean([member.alternate for member in members], axis=0)
    reference = np.mean([member.reference for member in members], axis=0)
    wanted = np.log2(alternate / reference[:, None, None])
    np.testing.assert_allclose(scores.score("logfc"), wanted, atol=1e-6)
    deviation = np.std([member.reference for member in members], 0)
    np.testing.assert_allclose(scores.deviation.reference, deviation, atol=1e-6)


def test_variants_predictions_and_streams_are_means_too() -> None:
    ensemble = Ensemble(PLANS, rc=True, strands="same")
    found = ensemble.variants(X, [0, 1], [3, 0], ["GA", "T"])["task_0"]
    every = [BothStrands(plan, "same").variants(X, [0, 1], [3, 0], ["GA", "T"]) for plan in PLANS]
    alternates = np.stack([next(iter(each.values())).alternate for each in every])
    np.testing.assert_allclose(found.alternate, alternates.mean(0), atol=1e-6)
    np.testing.assert_allclose(found.deviation.alternate, alternates.std(0), atol=1e-6)
    deltas = np.stack([next(iter(each.values())).delta() for each in every])
    np.testing.assert_allclose(found.deviation.delta, deltas.std(0), atol=1e-6)
    plain = Ensemble(PLANS).variants(X, [0], [3], ["GA"])["task_0"]
    np.testing.assert_allclose(plain.reference, Ensemble(PLANS).predict(X)["task_0"][:1], atol=1e-6)
    streamed = list(ensemble.stream([X[:1], X[1:]]))
    np.testing.assert_allclose(streamed[1][0].alternate[0], ensemble(X)[0].alternate[1], atol=1e-6)


def test_progress_runs_once_over_all_members() -> None:
    said: list[tuple[int, int]] = []
    Ensemble(PLANS, rc=True, strands="same")(X, progress=lambda *now: said.append(now))
    assert said == sorted(said)
    assert said[-1][0] == said[-1][1] == 3 * 2 * 2 * LENGTH * 4


def test_a_plan_alone_is_an_ensemble_of_one() -> None:
    scores = Ensemble(PLANS[0])(X)
    np.testing.assert_array_equal(scores[1].alternate, PLANS[0](X)[1].alternate)
    assert not scores.deviations["task_0"].alternate.any()


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (lambda: fastism.compile(fold(7, tasks=3), backend="reference"), "outputs"),
        (lambda: fastism.compile(fold(7), backend="reference", sites=[3, 4]), "sites"),
        (lambda: fastism.compile(fold(7), backend="reference", alternatives="zeros"), "alternat"),
    ],
)
def test_plans_that_answer_other_questions_are_refused(other: object, what: str) -> None:
    with pytest.raises(InputError, match=f"plan 1 of the ensemble .* has other {what}"):
        Ensemble([PLANS[0], other()])  # type: ignore[operator]
    with pytest.raises(InputError, match="an ensemble needs a plan"):
        Ensemble([])
