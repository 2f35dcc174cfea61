"""A value whose batch is not its first axis: members stacked in front, positions in front."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from fastism import api
from fastism.checking.check import check_plan
from fastism.errors import LoweringError
from fastism.frontends.keras.lowering.lower import lower

LENGTH = 24


def members() -> tuple[Any, list[Any]]:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((LENGTH, 4))
    return inputs, [layers.Conv1D(5, width, padding="same")(inputs) for width in (3, 5)]


class Averaged(keras.Layer):
    """Members averaged by code of TensorFlow's."""

    def call(self, tensors: Any) -> Any:
        return tf.reduce_mean(tf.stack(tensors, axis=0), axis=0)


class TimeMajor(keras.Layer):
    """Positions in front while it computes, as recurrences like them."""

    def call(self, tensor: Any) -> Any:
        front = tf.transpose(tensor, [1, 0, 2])
        return tf.transpose(tf.nn.relu(front) * 3.0, [1, 0, 2])


def _weighed(tensors: Any) -> Any:
    stacked = ops.stack(tensors)
    return ops.sum(ops.softmax(2.0 * stacked, axis=0) * stacked, axis=0)


def _parts(tensors: Any) -> Any:
    stacked = ops.stack(tensors)
    first, second = ops.unstack(stacked, axis=0)
    joined = ops.concatenate([stacked, ops.abs(stacked)], axis=0)
    return first - second * stacked[1] + ops.max(joined, axis=0, keepdims=True)[0]


STACKED: dict[str, Callable[[list[Any]], Any]] = {
    "mean": lambda t: ops.mean(ops.stack(t), axis=0),
    "max, counted from behind": lambda t: ops.max(ops.stack(t, axis=-4), axis=-4),
    "deviation": lambda t: ops.std(ops.stack(t), axis=0),
    "logsumexp": lambda t: ops.logsumexp(ops.stack(t), axis=0),
    "weighed": _weighed,
    "parts": _parts,
    "joined in front": lambda t: ops.max(
        ops.concatenate([ops.expand_dims(each, 0) for each in t], axis=0), axis=0
    ),
    "negative axes": lambda t: ops.transpose(ops.transpose(t[0], (-2, -3, -1)) * 2.0, (1, 0, -1)),
    "a layer of Keras's": lambda t: ops.mean(
        layers.Multiply()([ops.stack(t), ops.stack(t[::-1])]), axis=0
    ),
    "a layer of TensorFlow's": Averaged(),
    "a Lambda": layers.Lambda(lambda t: ops.mean(ops.stack(t, axis=0), axis=0)),
    "positions in front": lambda t: ops.transpose(
        ops.tanh(ops.transpose(t[0], (1, 0, 2))) * t[1].shape[1], (1, 0, 2)
    ),
    "a layer with positions in front": lambda t: TimeMajor()(t[0]),
}


@pytest.mark.parametrize("name", STACKED)
def test_it_stays_on_windows(name: str) -> None:
    inputs, tensors = members()
    model = keras.Model(inputs, STACKED[name](tensors))
    plan = api.compile(model, sites=[0, 11, LENGTH - 1], backend="reference")
    assert not plan.opaque
    assert {node.mode for node in plan.stage["segmented"].main.nodes} <= {"delta", "value"}
    check_plan(plan, model, sequences=1)


def test_scores_stacked_behind_the_last_layers() -> None:
    inputs, tensors = members()
    heads = [layers.Dense(2)(layers.Flatten()(tensor)) for tensor in tensors]
    stacked = ops.stack(heads)
    model = keras.Model(inputs, [ops.mean(stacked, axis=0), ops.var(stacked, axis=(0, 2))])
    plan = api.compile(model, sites=[0, 11, LENGTH - 1], backend="reference")
    check_plan(plan, model, sequences=1)


class AveragedMembers(keras.Model):
    """An ensemble whose call is code of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.members = [layers.Conv1D(3, width, padding="same") for width in (3, 5)]

    def call(self, x: Any) -> Any:
        return tf.reduce_max(tf.stack([member(x) for member in self.members]), axis=0)


def test_an_ensemble_in_code() -> None:
    model = AveragedMembers()
    model(np.zeros((1, LENGTH, 4), np.float32))
    plan = api.compile(model, sites=[0, 11, LENGTH - 1], backend="reference")
    assert not plan.opaque
    check_plan(plan, model, sequences=1)


@pytest.mark.parametrize(
    ("outputs", "where", "why"),
    [
        (lambda t: ops.stack(t), "(Stack)", "an output of the model has the shape (2, None, 24, 5"),
        (lambda t: ops.mean(ops.stack(t), axis=1), "(Mean)", "the batch is not the first axis"),
        (lambda t: ops.stack(t) + ops.mean(t[0], axis=1), "(Add)", "the batch is not the first"),
    ],
)
def test_what_cannot_be_moved_along_is_refused(
    outputs: Callable[[list[Any]], Any], where: str, why: str
) -> None:
    inputs, tensors = members()
    with pytest.raises(LoweringError, match="mixes the sequences of a batch") as caught:
        lower(keras.Model(inputs, outputs(tensors)))
    assert where in str(caught.value.where)
    assert why in str(caught.value.why)


class Add(keras.Layer):
    """Not the layer of Keras of this name."""

    def call(self, x: Any) -> Any:
        return x + ops.max(x, axis=-1, keepdims=True)


def test_a_layer_of_the_users_is_not_known_by_its_name() -> None:
    inputs, tensors = members()
    model = keras.Model(inputs, ops.mean(Add()(ops.stack(tensors)), axis=0))
    plan = api.compile(model, sites=[0, 11, LENGTH - 1], backend="reference")
    assert [node.op for node in plan.stages[0].main.nodes] == ["opaque"]
    check_plan(plan, model, sequences=2)


def _both_strands_in_a_batch(inputs: Any) -> Any:
    both = ops.concatenate([inputs, ops.flip(inputs, axis=(1, 2))], axis=0)
    scores = layers.GlobalMaxPooling1D()(layers.Conv1D(5, 7)(both))
    one, other = ops.split(scores, 2, axis=0)
    return layers.Dense(2)(one + other)


def _channels_in_the_batch(inputs: Any) -> Any:
    apart = ops.reshape(ops.transpose(inputs, (0, 2, 1)), (-1, LENGTH, 1))
    return ops.reshape(layers.Conv1D(3, 5, activation="relu")(apart), (-1, 4 * 20 * 3))


def _dense_of_members(inputs: Any) -> Any:
    stacked = ops.stack([layers.Conv1D(3, width, padding="same")(inputs) for width in (3, 5)])
    return ops.mean(layers.Dense(2)(stacked), axis=0)


@pytest.mark.parametrize(
    "build", [_both_strands_in_a_batch, _channels_in_the_batch, _dense_of_members]
)
def test_a_model_that_keeps_apart_what_its_layers_do_not_runs_whole(
    build: Callable[[Any], Any], tmp_path: Path
) -> None:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((LENGTH, 4))
    model = keras.Model(inputs, build(inputs))
    plan = api.compile(model, sites=[0, 11, LENGTH - 1], backend="reference")
    (live,) = plan.opaque.values()
    assert live.why.startswith("its layers cannot be run one by one: layer '")
    plan.save(tmp_path / "plan")
    check_plan(api.load(tmp_path / "plan"), model, sequences=2)
