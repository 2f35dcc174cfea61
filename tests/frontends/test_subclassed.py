"""Models whose call is code of their own are read as the graph of layers that they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import fastism
from fastism.checking.check import check_plan
from fastism.checking.model import check_imported

LENGTH = 40


class Local(keras.Model):
    """Convolutions, dropout in training, and a choice in plain Python."""

    def __init__(self, deep: bool = True) -> None:
        super().__init__()
        self.deep, self.drop = deep, layers.Dropout(0.5)
        self.motifs = layers.Conv1D(6, 5, padding="same", activation="relu")
        self.blocks = [layers.Conv1D(6, 3, padding="same") for _ in range(2)]
        self.head = layers.Dense(2)

    def trunk(self, x: Any, training: bool) -> Any:
        x = self.drop(self.motifs(x), training=training)
        for block in self.blocks if self.deep else []:
            x = x + ops.relu(block(x))
        return x

    def call(self, x: Any, training: bool = False) -> Any:
        return self.head(ops.mean(self.trunk(x, training), axis=1))


class Remembering(Local):
    """With a recurrent layer, and two results by name."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = layers.GRU(4)

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.trunk(x, training)
        return {"profile": x * 2.0, "count": self.head(self.memory(x))}


class InTensorFlow(Local):
    def call(self, x: Any, training: bool = False) -> Any:
        both = tf.concat([x, tf.reverse(x, [1, 2])], axis=-1)
        return self.head(tf.reduce_max(self.motifs(both), axis=1))


class Noisy(Local):
    """What it does to numbers hangs on chance: it is not read."""

    def call(self, x: Any, training: bool = False) -> Any:
        shown = super().call(x, training)
        return shown * (1.0 if isinstance(x, keras.KerasTensor) else 2.0)


READ: dict[str, tuple[type[keras.Model], set[str]]] = {
    "local": (Local, set()),
    "remembering": (Remembering, {"gru"}),
    "in TensorFlow": (InTensorFlow, set()),
    "otherwise on numbers": (Noisy, {"noisy"}),
}


@pytest.mark.parametrize("name", READ)
def test_a_model_of_code_is_its_graph(name: str, tmp_path: Path) -> None:
    kind, live = READ[name]
    model = kind()
    x = np.eye(4, dtype="f4")[np.random.default_rng(0).integers(0, 4, (2, LENGTH))]
    model(x)
    plan = fastism.compile(model)
    found = {node.origin.layer for node in plan.stages[0].main.nodes if node.op == "opaque"}
    assert {layer.rstrip("_0123456789") for layer in found} == live
    check_plan(plan, model)
    check_imported(plan, model)  # read a second time, it is the same to the name
    if name != "otherwise on numbers":  # that one needs its class
        plan.save(tmp_path / "plan")
        again = fastism.load(tmp_path / "plan")(x)
        scores = plan(x)
        for each in plan.output_names:
            np.testing.assert_allclose(again[each].alternate, scores[each].alternate, atol=1e-6)


def test_a_free_length_is_filled_in() -> None:
    model = Local(deep=False)
    inputs = keras.Input((None, 4))
    model(inputs)
    plan = fastism.compile(model, length=LENGTH)
    assert plan.length == LENGTH
    check_plan(plan, model)


def test_one_inside_another_model_is_read_too() -> None:
    inputs = keras.Input((LENGTH, 4))
    model = keras.Model(inputs, layers.Activation("tanh")(Local()(inputs)))
    plan = fastism.compile(model)
    assert not {node.op for node in plan.stages[0].main.nodes} & {"opaque"}
    check_plan(plan, model)
