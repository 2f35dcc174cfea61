"""Layers of a user's own: declared, held to it, run on windows, stored and loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import fastism
from fastism.errors import InputError, LoweringError, PlanError
from fastism.frontends.keras.live import custom
from fastism.ir.printer import print_module
from fastism.quiet import keras
from fastism.runtime.inputs import random_inputs
from tests.compare import assert_matches_model
from tests.zoo import ENTRIES, registered

ops = keras.ops

LOCAL = {
    "registered_gates": {"flatten": "gives every position a weight of its own"},
    "registered_on_input": {},
    "registered_strided": {"global_max_pooling1d": "pools over the whole length"},
    "registered_linear": {"flatten": "gives every position a weight of its own"},
    "registered_pointwise": {},
    "registered_twice_along": {"flatten": "gives every position a weight of its own"},
    "registered_attention_pool": {"pool": "is registered as reading the whole length"},
}


@pytest.fixture
def declared() -> Iterator[None]:
    """Declarations made by a test end with it."""
    before = dict(custom._DECLARATIONS)
    yield
    custom._DECLARATIONS.clear()
    custom._DECLARATIONS.update(before)


def modes(plan: fastism.Plan) -> dict[str, str | None]:
    return {node.name: node.mode for node in plan.stage["segmented"].main.nodes}


def stops(plan: fastism.Plan) -> dict[str, str]:
    return {node.name: node.stop for node in plan.stage["segmented"].main.nodes if node.stop}


@pytest.mark.parametrize("backend", ["tensorflow", "reference"])
@pytest.mark.parametrize("name", LOCAL)
def test_registered_layers_stay_local_and_exact(name: str, backend: str) -> None:
    entry = ENTRIES[name]
    model = entry.build()
    length = model.inputs[0].shape[1]
    sites = None if backend == "tensorflow" else [0, 1, length // 2, length - 2, length - 1]
    plan = fastism.compile(model, sites=sites, backend=backend)
    assert stops(plan) == LOCAL[name]
    assert {key for key, mode in modes(plan).items() if mode == "delta"} >= entry.windowed
    assert_matches_model(plan, model, random_inputs(plan.module.main, 2))


def test_windows_are_narrow_and_end_inside_the_sequence() -> None:
    plan = fastism.compile(ENTRIES["registered_on_input"].build())
    widths = []
    for graph in plan.stage["split"].graphs[1:]:
        (node,) = (node for node in graph.nodes if node.op == "windowed_opaque")
        assert node.type.shape[0] == "M"
        widths.append(graph.values[node.inputs[0]].type.length)
    assert max(widths) == (4 - 1) + 4  # four results read a site, each four positions
    text = print_module(plan.stage["annotated"])
    assert (
        "windowed_opaque(%sequence) {key=gate, width=4, pad=same, features=(3,), weights=102}"
        in text
    )


def test_linear_layers_take_differences() -> None:
    plan = fastism.compile(ENTRIES["registered_linear"].build())
    for graph in plan.stage["split"].graphs[1:]:
        nodes = [node for node in graph.nodes if node.op == "windowed_opaque"]
        assert nodes
        assert all(node["delta"] for node in nodes)


def test_a_stop_layer_runs_whole(declared: None) -> None:
    model = ENTRIES["registered_gates"].build()
    plan = fastism.compile(model, stop_layers=["gate_2"])
    assert modes(plan)["gate_2"] == "whole"
    assert modes(plan)["gate_1"] == "delta"
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


def test_onnx_runs_the_layer_on_windows() -> None:
    model = ENTRIES["registered_gates"].build()
    plan = fastism.compile(model, sites=[0, 1, 30, 58, 59], backend="onnx")
    assert modes(plan)["gate_2"] == "delta"
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


@pytest.mark.parametrize("width", [2, 5])
def test_wide_sites(width: int) -> None:
    model = ENTRIES["registered_strided"].build()
    pairs = [(start, start + width) for start in (0, 1, 50, 51, 52, 131 - width)]
    rows = np.random.default_rng(0).normal(size=(2, width, 4)).astype("float32")
    plan = fastism.compile(model, sites=pairs, alternatives=rows)
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


# -- held to it -----------------------------------------------------------------------------


class Each(keras.Layer):
    """A layer that computes whatever the test says."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        super().__init__(name="each", **options)
        self.function = function

    def call(self, *values: Any) -> Any:
        return self.function(*values)


def lower_each(function: Callable[..., Any], length: int = 60, **said: Any) -> fastism.Plan:
    fastism.register_layer(Each, **said)
    sequence = keras.Input((length, 4), name="sequence")
    return fastism.compile(keras.Model(sequence, Each(function)(sequence)), sites=[0])


def mean_of(x: Any, left: int, right: int) -> Any:
    width = left + right + 1
    padded = ops.pad(x, ((0, 0), (left, right), (0, 0)))
    return sum(padded[:, k : k + x.shape[1]] for k in range(width)) / width


def numbered(x: Any) -> Any:
    """Adds a number that grows along the sequence."""
    return x + ops.reshape(ops.arange(x.shape[1], dtype="float32"), (1, -1, 1))


WRONG = {
    "wider": (
        lambda x: mean_of(x, 3, 3),
        {"kernel": 5, "padding": "same"},
        "changing position 0 of its input moves its result at 3, and should move 0 to 2 alone",
    ),
    "shifted": (
        lambda x: mean_of(x, 0, 2),
        {"kernel": 3, "padding": "same"},
        "changing position 2 of its input moves its result at 0, and should move 1 to 3 alone",
    ),
    "everywhere": (
        lambda x: x - ops.mean(x, axis=1, keepdims=True),
        {"pointwise": True},
        "changing position 0 of its input moves its result at 1 to 59, and should move 0 alone",
    ),
    "circular": (
        lambda x: x + ops.roll(x, 1, axis=1),
        {"kernel": 2, "padding": "causal"},
        "changing position 59 of its input moves its result at 0, and should move 59 alone",
    ),
    "dense_not_dilated": (
        lambda x: mean_of(x, 2, 2),
        {"kernel": 3, "dilation": 2, "padding": "same"},
        "and should move",
    ),
    "numbers_positions": (numbered, {"pointwise": True}, "gives another result at"),
    "fixed_length": (
        lambda x: ops.reshape(ops.reshape(x, (-1, 240)), (-1, 60, 4)),
        {"pointwise": True},
        "of its 60 positions",
    ),
    "another_length": (
        lambda x: x[:, 1:],
        {"kernel": 3},
        "it gives f32[N,59,4], and with this window f32[N,58,4]",
    ),
    "two_values": (lambda x: (x, x), {"pointwise": True}, "it returns 2 values"),
    "no_channels": (lambda x: x[:, :, 0], {"pointwise": True}, "which has no axis of channels"),
    "too_short": (lambda x: x, {"kernel": 99}, "needs at least 99 positions"),
    "not_linear": (ops.tanh, {"pointwise": True, "linear": True}, "declared linear, and is not"),
    "wrong_delta": (
        lambda x: 2.0 * x + 1.0,
        {"pointwise": True, "delta": lambda layer, delta: delta},
        "declared linear, and is not",
    ),
    "delta_of_other_channels": (
        lambda x: 2.0 * x,
        {"pointwise": True, "delta": lambda layer, delta: 2.0 * delta[..., :3]},
        "declared linear, and is not",
    ),
    "delta_that_fails": (
        lambda x: 2.0 * x,
        {"pointwise": True, "delta": lambda layer, delta: delta.nothing},
        "its form for differences fails",
    ),
    "cut_short": (
        lambda x: ops.tanh(ops.pad(x, ((0, 0), (3, 3), (0, 0)))[:, :60]),
        {"kernel": 4, "padding": "causal"},
        "results, and should give",
    ),
    "gated_by_large_numbers": (
        lambda x: x * ops.where(ops.max(x, axis=1, keepdims=True) > 20, 0.5, 1.0),
        {"pointwise": True},
        "gives another result at",
    ),
    "linear_up_to_large_numbers": (
        lambda x: 3.0 * x + ops.relu(x - 20.0),
        {"pointwise": True, "linear": True},
        "declared linear, and is not",
    ),
    "wrong_numpy": (
        lambda x: 2.0 * x,
        {"pointwise": True, "numpy": lambda layer, x: x},
        "its numpy form gives other results",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_layer_that_is_not_as_declared_is_an_error(name: str, declared: None) -> None:
    function, said, why = WRONG[name]
    with pytest.raises(LoweringError) as caught:
        lower_each(function, **said)
    assert why in str(caught.value)
    assert "layer 'each' (Each), registered with kernel=" in str(caught.value)
    assert "register_layer(Each, whole=True)" in str(caught.value)


RIGHT = {
    "wider_than_it_is": (lambda x: mean_of(x, 1, 1), {"kernel": 5, "padding": "same"}),
    "one_sided": (lambda x: mean_of(x, 0, 2), {"kernel": 3, "padding": (0, 2)}),
    "logarithm": (lambda x: ops.log(x + 1.0), {"pointwise": True}),
    "delta": (
        lambda x: 2.0 * x + 1.0,
        {"pointwise": True, "delta": lambda layer, delta: 2.0 * delta},
    ),
    "mirrored": (
        lambda x: ops.average_pool(ops.pad(x, ((0, 0), (3, 3), (0, 0)), mode="reflect"), 7, 1),
        {"kernel": 7, "padding": "same"},
    ),
    "blocks": (
        lambda x: ops.reshape(
            ops.cumsum(ops.reshape(x, (-1, x.shape[1] // 4, 4, 4)), axis=2)[:, :, -1],
            (-1, x.shape[1] // 4, 4),
        ),
        {"kernel": 4, "stride": 4},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_windows_of_every_kind_are_exact(name: str, declared: None) -> None:
    function, said = RIGHT[name]
    fastism.register_layer(Each, **said)
    sequence = keras.Input((60, 4), name="sequence")
    model = keras.Model(sequence, Each(function)(sequence))
    plan = fastism.compile(model)
    assert modes(plan) == {"each": "delta"}
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "does not say what it reads"),
        ({"kernel": 3, "whole": True}, "says it twice"),
        ({"whole": True, "linear": True}, "linear of Each say nothing"),
        ({"pointwise": True, "delta": 3}, "delta of Each must be a function"),
        ({"pointwise": True, "stride": 2}, "stride, dilation and padding of Each say nothing"),
    ],
)
def test_a_declaration_that_says_nothing_is_refused(
    said: dict[str, Any], why: str, declared: None
) -> None:
    with pytest.raises(InputError, match=why):
        fastism.register_layer(Each, **said)


def test_an_instance_is_no_class() -> None:
    with pytest.raises(InputError, match=r"register_layer\(Each, \.\.\.\)"):
        fastism.register_layer(Each(ops.tanh), pointwise=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"kernel": lambda layer: layer.size}, "AttributeError"),
        ({"kernel": (3, 3)}, "declared kernel"),
        ({"kernel": 0}, "it counts from 1"),
        ({"kernel": 3, "padding": "reflect"}, "declared padding"),
    ],
)
def test_numbers_that_cannot_be_used(said: dict[str, Any], why: str, declared: None) -> None:
    with pytest.raises(LoweringError, match=why):
        lower_each(ops.tanh, **said)


@pytest.mark.filterwarnings("ignore:Layer 'squash'")
def test_a_layer_given_a_mask_runs_whole_and_says_so(declared: None) -> None:
    fastism.register_layer("Squash", pointwise=True)
    sequence = keras.Input((20, 4), name="sequence")
    masked = keras.layers.Masking()(sequence)
    model = keras.Model(sequence, registered.Squash(name="squash")(masked))
    plan = fastism.compile(model)
    assert stops(plan)["squash"] == "reads the mask of what it is given"
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


def test_a_declaration_by_name_and_one_by_class(declared: None) -> None:
    fastism.register_layer("Each", whole=True)
    sequence = keras.Input((60, 4), name="sequence")
    model = keras.Model(sequence, Each(ops.tanh)(sequence))
    assert stops(fastism.compile(model, sites=[0])) == {"each": custom.WHOLE}
    fastism.register_layer(Each, pointwise=True)
    assert stops(fastism.compile(model, sites=[0])) == {}
    fastism.register_layer("Each", whole=True)
    assert stops(fastism.compile(model, sites=[0])) == {"each": custom.WHOLE}


# -- stored ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["registered_gates", "registered_linear"])
def test_a_plan_loads_without_a_declaration(name: str, tmp_path: Any, declared: None) -> None:
    plan = fastism.compile(ENTRIES[name].build())
    inputs = random_inputs(plan.module.main, 1)
    plan.save(tmp_path / "plan")
    custom._DECLARATIONS.clear()
    again = fastism.load(tmp_path / "plan", custom_objects={"GatedConv": registered.GatedConv})
    for mine, wanted in zip(again(inputs).heads.values(), plan(inputs).heads.values(), strict=True):
        np.testing.assert_allclose(mine.alternate, wanted.alternate, atol=1e-6)


class Twice(keras.Layer):
    def call(self, x: Any) -> Any:
        return 2.0 * x + 1.0


def test_a_function_for_differences_must_be_registered_again(tmp_path: Any, declared: None) -> None:
    fastism.register_layer(Twice, pointwise=True, delta=lambda layer, delta: 2.0 * delta)
    sequence = keras.Input((20, 4), name="sequence")
    fastism.compile(keras.Model(sequence, Twice(name="twice")(sequence))).save(tmp_path / "plan")
    given = {"Twice": Twice}
    fastism.load(tmp_path / "plan", custom_objects=given)
    fastism.register_layer(Twice, pointwise=True)
    with pytest.raises(PlanError, match=r"register_layer\(Twice, delta=\.\.\.\)"):
        fastism.load(tmp_path / "plan", custom_objects=given)
