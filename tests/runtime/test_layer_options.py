"""Every option of the layers that move positions, against the model itself, and local.

Each case is one model with an output for every setting, so that a fault names the setting. A
setting that fell back to running whole would give the right numbers: `stops` would show it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from fastism import api
from fastism.checking.check import check_plan
from fastism.compatibility import FastISM, NaiveISM
from fastism.errors import InputError, ModelError
from fastism.passes.manager import DEFAULT
from fastism.runtime.inputs import random_inputs
from tests.compare import assert_matches_model
from tests.zoo.registry import randomize

LENGTH = 203
"""7 * 29: no stride tried divides it but 7."""

UNWEIGHED = DEFAULT.replace("segment", "segment{weigh=false}")
"""On windows wherever a rule allows it, also where such small values cost less whole."""

SITES = (0, 1, 2, 3, 90, 101, 102, 199, 200, 201, 202)

FEW = 20
"""Settings that are all tried; of more, two of five are, and all of them by `make sweep`.

Few counts of widths, strides or paddings divide by five: left out are combinations, not values.
"""

Settings = Callable[[], Sequence[keras.Layer]]


def conv1d() -> Sequence[keras.Layer]:
    paddings, widths, strides = ("valid", "same", "causal"), (1, 2, 5, 8), (1, 2, 3, 7)
    found = [
        layers.Conv1D(3, width, strides=stride, padding=padding)
        for padding, width, stride in product(paddings, widths, strides)
    ]
    for padding, width, dilation in product(paddings, (2, 3), (2, 5)):
        found.append(layers.Conv1D(3, width, dilation_rate=dilation, padding=padding))
    found.append(layers.Conv1D(6, 4, groups=2, padding="same", activation="relu"))
    found.append(layers.Conv1D(8, 3, groups=4, strides=2, padding="same", use_bias=False))
    found.append(layers.Conv1D(4, 3, groups=2, dilation_rate=3, padding="causal"))
    return found


def depthwise1d() -> Sequence[keras.Layer]:
    found: list[keras.Layer] = []
    for kind in (layers.DepthwiseConv1D, lambda *a, **k: layers.SeparableConv1D(3, *a, **k)):
        for padding, width, stride in product(("valid", "same"), (3, 4), (1, 2, 3)):
            found.append(kind(width, strides=stride, padding=padding, activation="relu"))
        for padding, dilation in product(("valid", "same"), (2, 3)):
            found.append(kind(3, dilation_rate=dilation, padding=padding))
            found.append(kind(4, dilation_rate=dilation, strides=2, padding=padding))
        found.append(kind(4, depth_multiplier=3, padding="same", use_bias=False))
    return found


def pools1d() -> Sequence[keras.Layer]:
    settings = [*product((2, 3, 8), (1, 2, 5), ("valid", "same")), (15, 5, "same")]
    return [
        kind(size, strides=stride, padding=padding)
        for kind in (layers.MaxPooling1D, layers.AveragePooling1D)
        for size, stride, padding in settings
    ]


def transposed1d() -> Sequence[keras.Layer]:
    found = [
        layers.Conv1DTranspose(3, width, strides=stride, padding=padding)
        for padding, width, stride in product(("valid", "same"), (1, 2, 3, 4, 7), (1, 2, 3, 5))
    ]
    for width, stride in ((3, 2), (5, 3), (2, 4), (7, 2), (4, 3)):
        for extra in range(stride):
            found.append(layers.Conv1DTranspose(2, width, strides=stride, output_padding=extra))
            if (width % 2 or extra) and extra + width % 2 <= stride:
                layer = layers.Conv1DTranspose(
                    2, width, strides=stride, padding="same", output_padding=extra
                )
                found.append(layer)
    found.append(layers.Conv1DTranspose(3, 4, strides=2, padding="same", activation="softmax"))
    found.append(layers.Conv1DTranspose(3, 4, strides=2, activation="relu", use_bias=False))
    return found


def convolutions2d(across: Sequence[int], *, turned: bool) -> Sequence[keras.Layer]:
    """Kernels that take 1 position across the length, some, or all."""

    def turn(along: int, second: int) -> tuple[int, int]:
        return (second, along) if turned else (along, second)

    found: list[keras.Layer] = []
    for taps, padding in product(across, ("valid", "same")):
        both = {"padding": padding, "activation": "relu"}
        found.append(layers.Conv2D(3, turn(5, taps), **both))
        found.append(layers.Conv2D(3, turn(4, taps), strides=2, **both))
        found.append(layers.Conv2D(3, turn(3, taps), dilation_rate=turn(3, 1), **both))
        found.append(layers.DepthwiseConv2D(turn(4, taps), depth_multiplier=2, **both))
        found.append(layers.DepthwiseConv2D(turn(3, taps), strides=2, **both))
        found.append(layers.SeparableConv2D(3, turn(5, taps), depth_multiplier=2, **both))
        found.append(layers.SeparableConv2D(3, turn(2, taps), use_bias=False, **both))
        if turned and taps > 1 and padding == "valid":
            continue
        found.append(layers.Conv2DTranspose(2, turn(4, taps), strides=turn(2, 1), **both))
        found.append(layers.Conv2DTranspose(2, turn(3, taps), use_bias=False, padding=padding))
    found.append(layers.Conv2D(4, turn(3, 1), groups=2, padding="same", activation="softmax"))
    return found


def shapes2d(*, turned: bool) -> Sequence[keras.Layer]:
    def turn(along: object, second: object) -> tuple[object, object]:
        return (second, along) if turned else (along, second)

    across = 1 if turned else 2
    found: list[keras.Layer] = []
    for kind in (layers.MaxPooling2D, layers.AveragePooling2D):
        for padding in ("valid", "same"):
            found.append(kind(turn(3, 1), padding=padding))
            found.append(kind(turn(4, across), strides=turn(2, across), padding=padding))
            found.append(kind(turn(15, 1), strides=turn(5, 1), padding=padding))
        found.append(kind(turn(2, 4), strides=turn(3, 1), padding="same" if turned else "valid"))
    found.append(layers.ZeroPadding2D(turn((2, 3), (0, 0) if turned else (1, 2))))
    found.append(layers.Cropping2D(turn((2, 5), (0, 0) if turned else (1, 2))))
    found.append(layers.UpSampling2D(turn(3, across)))
    return found


def shapes1d() -> Sequence[keras.Layer]:
    """The length is 203 = 7 * 29, the channels 6."""
    reshapes = [(203 * 2, 3), (203 * 6, 1), (29, 42), (7, 174), (58, 21), (203, 2, 3), (29, 7, 6)]
    return [
        *(layers.Reshape(shape) for shape in reshapes),
        layers.ZeroPadding1D((3, 1)),
        layers.Cropping1D((4, 9)),
        layers.UpSampling1D(3),
    ]


CASES: dict[str, tuple[tuple[int, ...], int, Settings]] = {
    "conv1d": ((LENGTH, 4), 4, conv1d),
    "depthwise1d": ((LENGTH, 4), 4, depthwise1d),
    "pools1d": ((LENGTH, 4), 4, pools1d),
    "transposed1d": ((LENGTH, 4), 4, transposed1d),
    "shapes1d": ((LENGTH, 4), 6, shapes1d),
    "conv2d": ((LENGTH, 4, 1), 2, lambda: convolutions2d((1, 2, 3, 4), turned=False)),
    "conv2d_turned": ((1, LENGTH, 4), 2, lambda: convolutions2d((1,), turned=True)),
    "conv2d_unit": ((LENGTH, 1, 4), 2, lambda: convolutions2d((1,), turned=False)),
    "shapes2d": ((LENGTH, 4, 1), 2, lambda: shapes2d(turned=False)),
    "shapes2d_turned": ((1, LENGTH, 4), 2, lambda: shapes2d(turned=True)),
}
"""The input's shape, the channels that the settings see, and the settings."""


def model_of(shape: tuple[int, ...], channels: int, tried: Sequence[keras.Layer]) -> keras.Model:
    """Every layer on the same values: of both signs, and not linear in the letters."""
    inputs = keras.Input(shape, name="sequence")
    first = layers.Conv1D if len(shape) == 2 else layers.Conv2D
    x = first(channels, 1, activation="tanh", name="before")(inputs)
    outputs = [layer(x) for layer in tried]
    if shape[0] == 1:  # the length is the second axis, of outputs too: bring it to the front
        outputs = [layers.Permute((2, 1, 3))(y) if len(y.shape) == 4 else y for y in outputs]
    model = keras.Model(inputs, outputs)
    randomize(model, seed=0)
    return model


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.sweep)])
@pytest.mark.parametrize("name", CASES)
def test_every_setting_is_right_and_local(name: str, every: bool) -> None:
    shape, channels, settings = CASES[name]
    tried = settings()
    if len(tried) > FEW and not every:
        tried = [layer for index, layer in enumerate(tried) if index % 5 in (0, 2)]
    model = model_of(shape, channels, tried)
    plan = api.compile(model, sites=SITES, pipeline=UNWEIGHED)
    nodes = plan.stage["segmented"].main.nodes
    assert not plan.opaque
    assert {node.name: node.stop for node in nodes if node.stop} == {}
    assert {node.mode for node in nodes} <= {"delta", "reference"}
    assert all(node.type.rank <= 3 for node in nodes if node.op != "reshape")
    assert_matches_model(plan, model, random_inputs(plan.module.main, 2))


STOPS: dict[str, tuple[tuple[int, ...], Callable[[], keras.Layer], str]] = {
    "length_moved": ((60, 4), lambda: layers.Permute((2, 1)), "moves the sequence axis"),
    "one_row": ((60, 4), lambda: layers.Reshape((1, 240)), "changes the sequence axis"),
}


@pytest.mark.parametrize("name", STOPS)
def test_locality_ends_with_a_reason(name: str) -> None:
    shape, layer, why = STOPS[name]
    model = model_of(shape, 4, [layer()])
    plan = api.compile(model, pipeline=UNWEIGHED)
    assert [node.stop for node in plan.stage["segmented"].main.nodes if node.stop] == [why]
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


OPAQUE: dict[str, tuple[tuple[int, ...], Callable[[], keras.Layer], str]] = {
    "both_long": ((60, 20, 1), lambda: layers.Conv2D(2, 3), "both of its axes are long"),
    "pool_left_over": ((60, 4, 1), lambda: layers.MaxPooling2D(3), "does not divide the 4"),
    "smooth": ((60, 4, 1), lambda: layers.UpSampling2D(2, interpolation="bilinear"), "bilinear"),
}


@pytest.mark.parametrize("name", OPAQUE)
def test_what_is_not_folded_runs_whole(name: str) -> None:
    shape, layer, why = OPAQUE[name]
    model = model_of(shape, 2, [layer()])
    plan = api.compile(model)
    *_, opaque = plan.opaque.values()
    assert why in opaque.why
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


def test_an_axis_in_front_of_the_length_is_widened() -> None:
    model = model_of((1, 60, 4), 2, [layers.UpSampling2D(2)])
    plan = api.compile(model)
    assert not plan.opaque
    assert_matches_model(plan, model, random_inputs(plan.module.main, 1))


@pytest.mark.parametrize("shape", [(50, 4, 1), (50, 1, 4), (1, 50, 4)])
def test_sequences_may_have_the_shape_of_the_model(shape: tuple[int, ...]) -> None:
    model = model_of(shape, 2, [layers.Conv2D(2, 1, activation="relu")])
    plan = api.compile(model)
    (x,) = random_inputs(plan.module.main, 3).values()
    assert (plan.length, plan.channels, x.shape) == (50, 4, (3, 50, 4))
    own = x.reshape(3, *shape)
    expected = model(own).numpy()
    for given in (x, own):
        found = plan(given)[0]
        np.testing.assert_allclose(found.reference, expected, atol=1e-6)
        assert found.alternate.shape == (3, 50, 4, *expected.shape[1:])
    with pytest.raises(InputError, match="shape"):
        plan(x[:, :-1])


def test_the_check_the_ancestor_and_a_saved_plan_take_that_shape(tmp_path: Path) -> None:
    model = model_of((1, 40, 4), 2, [layers.GlobalAveragePooling2D()])
    plan = api.compile(model)
    assert check_plan(plan, model).largest_effect > 0
    own = next(iter(random_inputs(plan.module.main, 2).values())).reshape(2, 1, 40, 4)
    np.testing.assert_allclose(FastISM(model)(own), NaiveISM(model)(own), atol=1e-6)
    plan.save(tmp_path / "plan")
    again = api.load(tmp_path / "plan")
    np.testing.assert_array_equal(again(own)[0].alternate, plan(own)[0].alternate)
    assert check_plan(again, model).largest_effect > 0


def test_a_length_is_given_for_an_axis_behind_another() -> None:
    inputs = keras.Input((1, None, 4), name="sequence")
    model = keras.Model(inputs, layers.Conv2D(2, (1, 3), padding="same")(inputs))
    assert api.compile(model, length=30).length == 30


def test_two_axes_of_letters_are_refused() -> None:
    inputs = keras.Input((60, 4, 3), name="sequence")
    with pytest.raises(ModelError, match="does not hold sequences"):
        api.compile(keras.Model(inputs, layers.Conv2D(2, 3)(inputs)))
