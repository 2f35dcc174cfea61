"""Layers with other weights at each place, which Keras 3 has not."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism import api
from fastism.checking.check import check_plan
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from tests.frontends.old_files import draw, sequential, write_h5

CASES_1D = [
    {},
    {"strides": 2, "activation": "relu"},
    {"use_bias": False},
    {"implementation": 2},
    {"implementation": 3},
    {"implementation": 2, "padding": "same", "strides": 3},
    {"implementation": 3, "padding": "same", "kernel_size": 4, "activation": "hard_sigmoid"},
]
CASES_2D = [
    {"kernel_size": (5, 2)},
    {"kernel_size": (5, 1), "strides": (2, 1), "implementation": 2, "activation": "relu"},
    {"kernel_size": (4, 3), "strides": (3, 2), "implementation": 2, "padding": "same"},
    {"kernel_size": (5, 2), "implementation": 3, "padding": "same", "use_bias": False},
]


def model_of(k: Any, inputs: Any, options: dict[str, Any]) -> Any:
    """A model of a locally connected layer, over one axis or two, its weights drawn at random."""
    layers = k.layers
    kind = layers.LocallyConnected2D if len(inputs.shape) == 4 else layers.LocallyConnected1D
    x = kind(**{"filters": 2, "kernel_size": 5, "name": "local", **options})(inputs)
    model = k.Model(inputs, layers.Dense(1)(layers.Flatten()(x)))
    draws = np.random.default_rng(0)
    model.set_weights([draws.normal(size=w.shape) for w in model.get_weights()])
    return model


def same(path: Path, model: Any, x: Any) -> Any:
    """The model in a file, saved, gives the numbers of Keras 2; returns the one loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)
    live = load_model(path)
    np.testing.assert_allclose(live(x), model(x), rtol=1e-4, atol=1e-4)
    return live


def local(live: Any, until: str = "Flatten") -> None:
    """A plan of it is of ops alone, on windows up to a kind of layer, and agrees with it."""
    plan = api.compile(live, sites=[9])
    assert "opaque" not in {node.op for node in plan.stage["canonical"].main.nodes}
    assert [n.origin.kind for n in plan.stage["segmented"].main.nodes if n.stop] == [until]
    check_plan(plan, live)


@pytest.fixture(scope="module")
def k() -> Any:
    return pytest.importorskip("tf_keras")


def one_hot() -> Any:
    return np.eye(4, dtype="float32")[np.random.default_rng(1).integers(0, 4, (2, 20))]


@pytest.mark.parametrize("options", CASES_1D, ids=str)
def test_over_one_axis(tmp_path: Path, k: Any, options: dict[str, Any]) -> None:
    live = same(tmp_path / "a.h5", model_of(k, k.Input((20, 4)), options), one_hot())
    if options.get("strides") == 3:
        local(live)


@pytest.mark.parametrize("options", CASES_2D, ids=str)
def test_over_two_axes(tmp_path: Path, k: Any, options: dict[str, Any]) -> None:
    model = model_of(k, k.Input((20, 4, 1)), options)
    same(tmp_path / "a.h5", model, one_hot()[..., None])


def test_over_two_axes_the_first_of_which_is_short(tmp_path: Path, k: Any) -> None:
    inputs = k.Input((20, 4))
    turned = k.layers.Reshape((4, 20, 1))(k.layers.Permute((2, 1))(inputs))
    options = {"filters": 2, "kernel_size": (2, 5), "strides": (2, 1), "implementation": 2}
    x = k.layers.LocallyConnected2D(**options, padding="same")(turned)
    model = k.Model(inputs, k.layers.Dense(1)(k.layers.Flatten()(x)))
    live = same(tmp_path / "a.h5", model, one_hot())
    local(live, until="LocallyConnected2D")  # it turns the axes back


@pytest.mark.parametrize("implementation", [1, 2, 3])
@pytest.mark.parametrize("axes", [1, 2])
def test_channels_in_front(axes: int, implementation: int, k: Any, tmp_path: Path) -> None:
    """The bias of the file is not in the order of its shape then: Keras 2 reshapes it."""
    inputs = k.Input((20, 4))
    x = k.layers.Permute((2, 1))(inputs)
    shape, size = ((4, 20), 5) if axes == 1 else ((2, 20, 2), (5, 2))
    front = {"data_format": "channels_first", "implementation": implementation}
    kind = k.layers.LocallyConnected1D if axes == 1 else k.layers.LocallyConnected2D
    x = kind(3, size, **front)(k.layers.Reshape(shape)(x))
    model = k.Model(inputs, k.layers.Dense(1)(k.layers.Flatten()(x)))
    draws = np.random.default_rng(0)
    model.set_weights([draws.normal(size=w.shape) for w in model.get_weights()])
    same(tmp_path / "a.h5", model, one_hot())


def test_a_layout_that_keras_never_had(tmp_path: Path) -> None:
    layer = {"filters": 2, "kernel_size": 5, "implementation": 4, "name": "local"}
    config = sequential(("LocallyConnected1D", {**layer, "batch_input_shape": [None, 20, 4]}))
    write_h5(tmp_path / "a.h5", "Sequential", config, {})
    with pytest.raises(ModelError, match="its implementation is 4, which is not read"):
        load_model(tmp_path / "a.h5")


def test_weights_of_another_layout(tmp_path: Path) -> None:
    layer = {"filters": 2, "kernel_size": 5, "implementation": 3, "name": "local"}
    config = sequential(("LocallyConnected1D", {**layer, "batch_input_shape": [None, 20, 4]}))
    write_h5(
        tmp_path / "a.h5",
        "Sequential",
        config,
        {"local": [("kernel", draw(16, 20, 2)), ("bias", draw(16, 2))]},
    )
    with pytest.raises(ModelError, match=r"local.*\n.*the file's \(16, 20, 2\), \(16, 2\)"):
        load_model(tmp_path / "a.h5")


def test_keras_1_over_a_plane(tmp_path: Path) -> None:
    """Its own names of the options, and matrices by place."""
    options = {"nb_filter": 2, "nb_row": 5, "nb_col": 4, "border_mode": "valid", "name": "local"}
    options |= {"subsample": [2, 1], "dim_ordering": "tf", "activation": "linear", "bias": True}
    config = sequential(("LocallyConnected2D", {**options, "batch_input_shape": [None, 20, 4, 1]}))
    kernel, bias = draw(8, 20, 2), draw(8, 1, 2)
    write_h5(
        tmp_path / "a.h5", "Sequential", config, {"local": [("kernel", kernel), ("bias", bias)]}
    )
    x = one_hot()[..., None]
    windows = np.stack([x[:, at : at + 5].reshape(2, 20) for at in range(0, 16, 2)], axis=1)
    wanted = np.einsum("npk,pkf->npf", windows, kernel)[:, :, None] + bias
    np.testing.assert_allclose(load_model(tmp_path / "a.h5")(x), wanted, rtol=1e-4, atol=1e-5)
