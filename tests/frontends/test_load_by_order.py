"""Weights alone go where the Keras that wrote the file would put them, or nowhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from fastism import api
from fastism.errors import ModelError
from fastism.frontends.keras.files.load import load_model
from fastism.quiet import keras

L = keras.layers
Build = Callable[[Any], Any]


def in_another_order(kit: Any) -> Any:
    """Layers that are called in another order than they were made in."""
    convs = [kit.layers.Conv1D(4, 3, padding="same", activation="relu") for _ in range(4)]
    x = inputs = kit.layers.Input((20, 4))
    for index in (2, 3, 0, 1):
        x = convs[index](x)
    return kit.Model(inputs, kit.layers.Dense(1)(kit.layers.Flatten()(x)))


def in_their_order(kit: Any) -> Any:
    """The same model, as somebody else writes it down."""
    x = inputs = kit.layers.Input((20, 4))
    for _ in range(4):
        x = kit.layers.Conv1D(4, 3, padding="same", activation="relu")(x)
    return kit.Model(inputs, kit.layers.Dense(1)(kit.layers.Flatten()(x)))


def nested(kit: Any) -> Any:
    """A model in the model, of normalization and layers in another order."""
    one, two, norm = kit.layers.Conv1D(4, 3), kit.layers.Conv1D(4, 3), kit.layers.Dense(4)
    first = inner = kit.layers.Input((20, 4))
    inner = two(kit.layers.BatchNormalization()(norm(inner)))
    body = kit.Model(first, kit.layers.BatchNormalization()(one(inner)))
    outer = kit.layers.Input((20, 4))
    return kit.Model(outer, kit.layers.Dense(1)(kit.layers.Flatten()(body(outer))))


def frozen(kit: Any) -> Any:
    """A nested model of which a part is not trained: Keras keeps that part last."""
    model = nested(kit)
    body = next(layer for layer in model.layers if hasattr(layer, "layers"))
    body.layers[1].trainable = False
    body.layers[2].trainable = False
    return model


def shared(kit: Any) -> Any:
    """A layer called twice, between branches of one depth, and names used in two models."""
    conv = kit.layers.Conv1D(4, 3, padding="same", name="conv")
    x = inputs = kit.layers.Input((20, 4))
    parts = [kit.layers.Conv1D(4, 3, padding="same")(conv(x)) for _ in range(2)]
    x = conv(kit.layers.Add()(parts))
    body = kit.Sequential([kit.layers.Conv1D(4, 3, name="conv"), kit.layers.BatchNormalization()])
    return kit.Model(inputs, kit.layers.Dense(1)(kit.layers.Flatten()(body(x))))


PAIRS: dict[str, tuple[Build, Build]] = {
    "made in another order": (in_another_order, in_their_order),
    "nested": (nested, nested),
    "frozen": (frozen, frozen),
    "shared": (shared, shared),
}


def draw(model: Any) -> None:
    """Weights that are all different, variances above zero."""
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.uniform(0.1, 1.0, weight.shape) * (0.5 if weight.shape else 1))


X = np.random.default_rng(1).random((2, 20, 4), "float32")


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
def test_keras_puts_them_there_too(name: str, ending: str, tmp_path: Path) -> None:
    saving, loading = PAIRS[name]
    model = saving(keras)
    draw(model)
    path = tmp_path / f"w{ending}"
    if ending == ".h5":
        model.save(path)
    else:
        model.save_weights(path)
    expected = loading(keras)
    expected.load_weights(path)
    for _ in range(2):  # automatic names move on, and say nothing
        found = load_model(path, architecture=lambda: loading(keras))
        np.testing.assert_array_equal(found(X), expected(X))
    if ending == ".h5":
        np.testing.assert_array_equal(found(X), model(X))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("ending", [".h5", ".weights.h5"])
def test_weights_of_keras_2(name: str, ending: str, tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    saving, loading = PAIRS[name]
    model = saving(tf_keras)
    draw(model)
    model.save_weights(tmp_path / f"w{ending}")
    keras.utils.clear_session(free_memory=False)
    found = load_model(tmp_path / f"w{ending}", architecture=lambda: loading(keras))
    np.testing.assert_allclose(found(X), model(X), rtol=1e-5)


def branches(first: str, second: str, wide: int = 3) -> Any:
    """Two convolutions side by side: the one made first comes first in the file."""
    inputs = keras.Input((20, 4))
    one, two = (
        L.Conv1D(2, width, padding="same", name=name)(inputs)
        for name, width in ((first, 3), (second, wide))
    )
    return keras.Model(inputs, L.Dense(1)(L.Flatten()(L.Concatenate()([one, two]))))


def test_names_that_contradict_the_order(tmp_path: Path) -> None:
    model = branches("left", "right")
    draw(model)
    model.save(tmp_path / "w.h5")
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path / "w.h5", architecture=lambda: branches("right", "left"))
    said = str(caught.value)
    assert "by order right <- left, left <- right; by name right <- right, left <- left" in said


def test_shapes_decide_between_names_and_order(tmp_path: Path) -> None:
    def turned() -> Any:
        inputs = keras.Input((20, 4))
        right = L.Conv1D(2, 5, padding="same", name="right")(inputs)
        left = L.Conv1D(2, 3, padding="same", name="left")(inputs)
        return keras.Model(inputs, L.Dense(1)(L.Flatten()(L.Concatenate()([left, right]))))

    model = branches("left", "right", wide=5)
    draw(model)
    model.save(tmp_path / "w.h5")
    found = load_model(tmp_path / "w.h5", architecture=turned)
    for name in ("left", "right"):
        for mine, theirs in zip(
            found.get_layer(name).weights, model.get_layer(name).weights, strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


def test_another_frozen_part_is_seen_by_the_names(tmp_path: Path) -> None:
    """Keras would put a variance where a scale belongs: the shapes agree."""

    def build(trained: bool) -> Any:
        inner = keras.Sequential(
            [keras.Input((20, 4)), L.BatchNormalization(name="a"), L.BatchNormalization(name="b")]
        )
        inner.layers[0].trainable = trained
        inputs = keras.Input((20, 4))
        return keras.Model(inputs, inner(inputs))

    model = build(trained=False)
    draw(model)
    model.save(tmp_path / "w.h5")
    found = load_model(tmp_path / "w.h5", architecture=lambda: build(trained=True))
    np.testing.assert_array_equal(found(X), model(X))


def test_weights_that_are_no_layers(tmp_path: Path) -> None:
    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.dense = L.Dense(2)
            self.scale = self.add_weight(shape=(2,), name="scale")

        def call(self, x: Any) -> Any:
            return self.dense(x) * self.scale

    def build() -> Any:
        made = Own()
        made(X)
        return made

    model = build()
    draw(model)
    model.save_weights(tmp_path / "w.weights.h5")
    with h5py.File(tmp_path / "w.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    for name in ("w.h5", "w.weights.h5"):
        found = load_model(tmp_path / name, architecture=build)
        np.testing.assert_array_equal(found(X), model(X))
    with h5py.File(tmp_path / "w.h5", "a") as file:
        del file["top_level_model_weights"]
    with pytest.raises(ModelError, match="1 weights of its own that are no layer's"):
        load_model(tmp_path / "w.h5", architecture=build)


def test_the_whole_way_twice(tmp_path: Path) -> None:
    model = in_another_order(keras)
    draw(model)
    model.save(tmp_path / "w.h5")
    x = np.eye(4, dtype="float32")[np.random.default_rng(2).integers(0, 4, (1, 20))]
    names = set()
    for _ in range(2):
        plan = api.compile(
            tmp_path / "w.h5", architecture=lambda: in_their_order(keras), sites=[0, 9]
        )
        np.testing.assert_allclose(plan(x).reference, model(x), rtol=1e-4)
        names.add(tuple(plan.output_names))
    assert len(names) == 1
