"""Outputs reduced inside the graph, held against the model's own outputs reduced by numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers, ops

import fastism
from fastism.checking.check import check_plan
from fastism.checking.model import check_imported
from fastism.errors import InputError, PlanError
from fastism.frontends.registry import front_end_of
from fastism.reductions import Reduction, parse_reductions

Array = npt.NDArray[Any]

LENGTH = 40


def network(length: int | None = LENGTH) -> keras.Model:
    """A profile (N, L, 3) and counts (N, 2), as BPNet has."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((length, 4), name="seq")
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    y = layers.Conv1D(6, 3, padding="same", dilation_rate=2, activation="relu")(x)
    x = layers.Add()([x, y])
    profile = layers.Conv1D(3, 3, padding="same", name="profile")(x)
    counts = layers.Dense(2, name="counts")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, [profile, counts], name="both")


MODEL = network()
X = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (2, LENGTH))]


def outputs(x: Array) -> list[Array]:
    """The model's own."""
    return [np.asarray(output) for output in MODEL(x)]


def softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def own(z: Any) -> Any:
    """A function of the user's: how much of the profile lies in its middle."""
    return ops.sum(ops.softmax(z, axis=1)[:, 10:30], axis=1)


def unknown(z: Any) -> Any:
    """Keras's own operation, of which the IR has none."""
    return ops.sort(z, axis=1)[:, -1]


CASES: list[tuple[dict[str, Any], Callable[[Array], Array]]] = [
    ({"reduce": "sum"}, lambda z: z.sum(axis=1)),
    ({"reduce": "mean"}, lambda z: z.mean(axis=1)),
    ({"reduce": "max"}, lambda z: z.max(axis=1)),
    ({"reduce": "l2"}, lambda z: np.sqrt((z**2).sum(axis=1))),
    ({"reduce": "logsumexp"}, lambda z: np.log(np.exp(z).sum(axis=1))),
    (
        {"reduce": "profile"},
        lambda z: (softmax(z) * (z - z.mean(axis=1, keepdims=True))).sum(axis=1),
    ),
    ({"target": 1}, lambda z: z[..., 1:2]),
    ({"target": np.array([2, 0])}, lambda z: z[..., [2, 0]]),
    ({"over": slice(12, 20)}, lambda z: z[:, 12:20]),
    ({"over": slice(-5, None), "reduce": "sum", "target": [2]}, lambda z: z[:, -5:, 2:].sum(1)),
    ({"over": slice(3), "reduce": "profile"}, lambda z: CASES[5][1](z[:, :3])),
    ({"reduce": own}, lambda z: softmax(z)[:, 10:30].sum(axis=1)),
    ({"reduce": unknown}, lambda z: z.max(axis=1)),
]


@pytest.mark.parametrize(("asked", "expected"), CASES)
def test_a_plan_scores_what_numpy_makes_of_the_models_output(
    asked: dict[str, Any], expected: Callable[[Array], Array]
) -> None:
    plan = fastism.compile(MODEL, outputs="profile", backend="reference", **asked)
    scores = plan(X)
    whole = outputs(X)[0]
    np.testing.assert_allclose(scores.reference, expected(whole), atol=1e-5, rtol=1e-5)
    for site in (0, 1, 15, LENGTH - 1):
        mutants = X.copy()
        mutants[:, site] = [0, 0, 1, 0]
        wanted = expected(outputs(mutants)[0])
        np.testing.assert_allclose(scores.alternate[:, site, 2], wanted, atol=1e-5, rtol=1e-5)
    assert check_plan(plan, MODEL, all_sites=True).largest_effect > 1e-3
    check_imported(plan, MODEL)  # the same names from one time to the next


@pytest.mark.parametrize("way", ["max", "profile"])
def test_tensorflow_gives_the_same(way: str) -> None:
    plan = fastism.compile(MODEL, outputs="profile", over=slice(25, 40), reduce=way)
    assert check_plan(plan, MODEL, all_sites=True).largest_effect > 1e-3


def test_each_output_is_reduced_as_it_is_asked_for() -> None:
    plan = fastism.compile(
        MODEL, target={"profile": [0, 2], "counts": 1}, reduce={"profile": "max"}
    )
    assert plan.output_shapes == {"profile": (2,), "counts": (1,)}
    profile, counts = outputs(X)
    np.testing.assert_allclose(plan(X)["profile"].reference, profile[..., [0, 2]].max(1), atol=1e-5)
    np.testing.assert_allclose(plan(X)["counts"].reference, counts[:, 1:], atol=1e-5)
    every = fastism.compile(MODEL, target=0, outputs=["counts", "profile"], backend="reference")
    assert every.output_shapes == {"counts": (1,), "profile": (LENGTH, 1)}
    check_plan(every, MODEL)


def test_nothing_is_computed_that_a_reduction_does_not_see() -> None:
    """The window of the profile's last positions is reached by sites 4 + 1 + 2 positions before."""
    plan = fastism.compile(
        MODEL, outputs="profile", over=slice(30, 40), reduce="sum", backend="reference"
    )
    reached = np.flatnonzero(plan.executor.group_of >= 0)
    np.testing.assert_array_equal(reached, np.arange(30 - (2 + 2 + 1), LENGTH))
    results = [group.graph.values[group.graph.outputs[0]] for group in plan.executor.groups]
    assert {result.type.shape[1:] for result in results} == {(3,)}


@pytest.mark.parametrize(
    "model",
    [
        network(None),
        keras.Sequential([keras.Input((LENGTH, 4)), layers.Conv1D(3, 5), layers.Conv1D(2, 3)]),
        keras.Model(
            inputs := keras.Input((LENGTH, 4)),
            {"z": layers.Flatten()(layers.Conv1D(1, 5)(inputs)), "a": layers.Conv1D(2, 3)(inputs)},
        ),
    ],
    ids=["any length", "sequential", "a dict"],
)
def test_any_form_of_model_is_reduced(model: keras.Model) -> None:
    first = front_end_of(model).output_shapes(model, LENGTH)
    profile = next(name for name, shape in first.items() if shape[0] and shape[0] > 30)
    plan = fastism.compile(
        model,
        length=LENGTH,
        outputs=profile,
        over=slice(1, 9),
        reduce="profile",
        backend="reference",
    )
    assert check_plan(plan, model).largest_effect > 1e-3
    check_imported(plan, model)


class Written(keras.Model):
    """A model whose call is code of its own."""

    def __init__(self) -> None:
        super().__init__(name="written")
        self.first, self.second = layers.Conv1D(3, 5), layers.Conv1D(2, 3)

    def call(self, x: Any) -> Any:
        return self.second(self.first(x))


def test_a_model_of_code_is_reduced_and_keeps_its_windows() -> None:
    model = Written()
    model(X)
    plan = fastism.compile(model, reduce="sum", target=1, backend="reference")
    assert plan.output_names == ("written",)
    assert not plan.opaque
    assert check_plan(plan, model).largest_effect > 1e-3


def test_halves_are_added_up_as_floats() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = network()
    finally:
        keras.config.set_dtype_policy("float32")
    plan = fastism.compile(model, outputs="profile", reduce="sum", backend="reference")
    assert plan(X).reference.dtype == np.float32
    check_plan(plan, model)


def test_a_saved_plan_knows_its_reductions_and_asks_for_functions(tmp_path: Path) -> None:
    plan = fastism.compile(
        MODEL, outputs="profile", over=slice(5, 35), reduce=own, backend="reference"
    )
    plan.save(tmp_path / "plan")
    again = fastism.load(tmp_path / "plan")
    assert again.reductions == {"profile": Reduction(over=(5, 35), way="own", own=True)}
    np.testing.assert_array_equal(again(X).alternate, plan(X).alternate)
    with pytest.raises(InputError, match=r"reduced by a function of yours, own, which no plan"):
        check_plan(again, MODEL)
    check_plan(fastism.load(tmp_path / "plan", reduce=own), MODEL)
    with pytest.raises(InputError, match="fits no output of the plan"):
        fastism.load(tmp_path / "plan", reduce={"counts": own})
    with pytest.raises(PlanError, match="is no reduction"):
        Reduction.of_record({**plan.reductions["profile"].record, "over": [5]})


def test_a_module_of_a_plan_keeps_the_reductions() -> None:
    plan = fastism.compile(MODEL, outputs="profile", reduce="sum", backend="reference")
    again = fastism.from_module(plan.stage["flat"], plan=plan)
    assert again.reductions == plan.reductions
    check_plan(again, MODEL)


OUTPUTS = {"profile": (1000, 3), "counts": (2,), "number": ()}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"reduce": "summ"}, "there is no reduction 'summ'[^$]*did you mean 'sum'"),
        ({"reduce": 3}, "there is no reduction 3[^$]*a function of keras.ops"),
        ({"reduce": {"other": "sum"}}, "output 'other', which is not scored[^$]*are profile$"),
        ({"target": 3}, "target=3 does not fit output 'profile'[^$]*of 0 to 2"),
        ({"target": [0, 0]}, r"target=\[0, 0\] does not fit"),
        ({"target": "a"}, "target='a' does not fit"),
        ({"target": True}, "target=True does not fit"),
        ({"target": []}, r"target=\[\] does not fit"),
        ({"over": 5}, "over=5 is not a stretch of positions"),
        ({"over": slice(0, 8, 2)}, "is not a stretch of positions"),
        ({"over": slice(0.5, 8)}, "is not a stretch of positions"),
        (
            {"over": slice(0, 1001)},
            "0:1001 do not lie inside output 'profile'[^$]*it has 1,000",
        ),
        ({"over": slice(7, 7)}, "positions 7:7 do not lie inside output"),
    ],
)
def test_what_does_not_fit_an_output_is_said(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_reductions(OUTPUTS, ["profile"], **asked)


def test_outputs_without_positions_are_not_reduced_over_them() -> None:
    with pytest.raises(InputError, match="output 'number' is one number a sequence"):
        parse_reductions(OUTPUTS, None, reduce="sum")
    with pytest.raises(InputError, match="one axis, which target and over both take a part of"):
        parse_reductions(OUTPUTS, ["counts"], target=0, over=slice(1))
    assert parse_reductions(OUTPUTS, None) == {}


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda z: 3, r"no tensor \(N, ...\) of output 'profile' \(N, 40, 3\)[^$]*returns 3"),
        (lambda z: ops.sum(z), "makes no tensor"),
        (lambda z: z.nothing, "fails on output 'profile'[^$]*AttributeError"),
    ],
)
def test_functions_that_return_no_output_are_refused(function: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fastism.compile(MODEL, outputs="profile", reduce=function)
