"""A value without a batch axis that is the same for every input is a constant of the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import fastism
from fastism.errors import LoweringError

LENGTH = 24


class Augment(keras.Layer):
    """Turns sequences round in training; returns whether it did, as Basenji and its kin do."""

    def __init__(self, flag: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.flag = flag

    def call(self, x: Any, training: Any = None) -> Any:
        if training:
            return tf.reverse(x, [1]), tf.random.uniform([]) > 0.5
        return x, tf.constant(self.flag)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "flag": self.flag}


class TurnBack(keras.Layer):
    def call(self, pair: Any) -> Any:
        x, flag = pair
        return tf.keras.backend.switch(flag, tf.reverse(x, [1]), x)


class TurnBackLive(keras.Layer):
    """Likewise, with products of all positions before, which have no rule."""

    def call(self, pair: Any) -> Any:
        x, flag = pair
        return tf.cond(flag, lambda: tf.reverse(x, [1]), lambda: tf.math.cumprod(x, axis=1))


class Positions(keras.Layer):
    """A table of the positions, of no sequence in particular."""

    def __init__(self, axes: int, **options: Any) -> None:
        super().__init__(**options)
        self.axes = axes

    def call(self, x: Any) -> Any:
        table = ops.reshape(ops.arange(LENGTH * 6, dtype="float32"), (LENGTH, 6)) / 99
        return table[None] if self.axes == 3 else table

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes}


class OfTheBatch(keras.Layer):
    def call(self, x: Any) -> Any:
        return x, ops.mean(x)


class Not(keras.Layer):
    def call(self, flag: Any) -> Any:
        return tf.logical_not(flag)


CUSTOM = {kind.__name__: kind for kind in (Augment, Not, TurnBack, TurnBackLive, Positions)}


def flagged(
    flag: bool, back: type[keras.Layer], between: Callable[[Any], Any] = lambda r: r
) -> Any:
    inputs = keras.Input((LENGTH, 4))
    x, turned = Augment(flag)(inputs)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(x)
    return keras.Model(inputs, back()([x, between(turned)]))


def positioned(axes: int, join: Callable[..., Any]) -> keras.Model:
    inputs = keras.Input((LENGTH, 4))
    x = layers.Conv1D(6, 5, padding="same")(inputs)
    return keras.Model(inputs, layers.Activation("relu")(join(x, Positions(axes)(x))))


def nested() -> keras.Model:
    """An encoder that returns the flag beside its value."""
    inner_inputs = keras.Input((LENGTH, 4))
    x, turned = Augment(True)(inner_inputs)
    encoder = keras.Model(inner_inputs, [layers.Conv1D(6, 3)(x), turned])
    inputs = keras.Input((LENGTH, 4))
    return keras.Model(inputs, TurnBack()(encoder(inputs)))


MODELS: dict[str, tuple[Callable[[], keras.Model], bool]] = {
    "not turned": (lambda: flagged(False, TurnBack), True),
    "turned": (lambda: flagged(True, TurnBack), True),
    "turned, by a layer of the flag": (
        lambda: flagged(False, TurnBack, Not()),
        True,
    ),
    "run live, one way": (lambda: flagged(False, TurnBackLive), False),
    "run live, the other": (lambda: flagged(True, TurnBackLive), True),
    "positions (1, L, C), +": (lambda: positioned(3, lambda x, p: x + p), True),
    "positions (L, C), +": (lambda: positioned(2, lambda x, p: x + p), True),
    "positions (L, C), on the left": (lambda: positioned(2, lambda x, p: p - x), True),
    "positions, Add": (lambda: positioned(3, lambda x, p: layers.Add()([x, p])), True),
    "positions, Multiply": (lambda: positioned(3, lambda x, p: layers.Multiply()([p, x])), True),
    "nested": (nested, True),
}


KEPT = [
    pytest.param(name, kept, marks=[pytest.mark.sweep] if kept != "live" and index % 3 else [])
    for kept in ("live", "file", "plan")
    for index, name in enumerate(MODELS)
]


@pytest.mark.parametrize(("name", "kept"), KEPT)
def test_scores_are_the_models_own(name: str, kept: str, tmp_path: Path) -> None:
    build, local = MODELS[name]
    model: Any = build()
    given, options = model, dict[str, Any]()
    if kept == "file":
        given = tmp_path / "model.keras"
        model.save(given)
        options = {"custom_objects": CUSTOM}
    plan = fastism.compile(given, sites=[0, 11, LENGTH - 1], **options)
    if kept == "plan":
        plan.save(tmp_path / "plan")
        plan = fastism.load(tmp_path / "plan", custom_objects=CUSTOM)
    random = np.random.default_rng(0)
    x = np.eye(4, dtype=np.float32)[random.integers(0, 4, (2, LENGTH))]
    scores = plan(x)
    for index, site in enumerate((0, 11, LENGTH - 1)):
        mutant = x.copy()
        mutant[:, site] = np.eye(4)[2]
        np.testing.assert_allclose(scores.alternate[:, index, 2], model(mutant), atol=1e-4)
    ops_ = {node.op for graph in plan.stages[0].graphs for node in graph.nodes}
    assert ("opaque" not in ops_) == local


def test_what_depends_on_the_batch_is_refused() -> None:
    inputs = keras.Input((LENGTH, 4))
    x, mean = OfTheBatch()(inputs)
    with pytest.raises(LoweringError, match="has no batch axis, and depends on the sequences"):
        fastism.compile(keras.Model(inputs, x * mean))


def test_a_known_output_is_refused() -> None:
    inputs = keras.Input((LENGTH, 4))
    with pytest.raises(LoweringError, match="the same for every input"):
        fastism.compile(keras.Model(inputs, Augment()(inputs)))
