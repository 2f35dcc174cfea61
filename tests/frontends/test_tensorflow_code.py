"""Code written in TensorFlow and its backend module is read, and what cannot be read is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.keras import backend

import fastism
from fastism.checking.check import check_plan
from fastism.frontends.keras.calls import tensorflow as reading
from fastism.frontends.keras.lowering.lower import lower

LENGTH, CHANNELS = 24, 6
WEIGHTS = np.random.default_rng(5).normal(size=(3, CHANNELS, 4)).astype("float32")
MATRIX = WEIGHTS[0]
PLACES = np.random.default_rng(4).normal(size=(CHANNELS, LENGTH)).astype("f")
VECTOR = np.linspace(0.5, 1.5, CHANNELS).astype("float32")

Code = Callable[[Any], Any]


def _after_a_loop(x: Any) -> Any:
    for shift in (1, 2):
        x = x + tf.roll(x, shift, axis=1)
    return x


def _pairs(x: Any) -> Any:
    return tf.reshape(x, (-1, LENGTH // 2, 2, CHANNELS))


def _normalized(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-3)


LOCAL: dict[str, Code] = {
    "reverse": lambda x: tf.reverse(x, axis=[1, 2]),
    "backend reverse": lambda x: backend.reverse(x, axes=(1, 2)),
    "gather": lambda x: tf.gather(x, [5, 4, 3, 2, 1, 0], axis=-1),
    "concat": lambda x: tf.concat([x, tf.reverse(x, [1])], axis=-1),
    "concat with a constant": lambda x: tf.concat([x, tf.ones((tf.shape(x)[0], 3, 6))], axis=1),
    "pad": lambda x: tf.pad(x, [[0, 0], [2, 3], [0, 0]]),
    "pad with a value": lambda x: tf.pad(x, [[0, 0], [2, 0], [0, 0]], constant_values=0.5),
    "mirrored pad": lambda x: tf.pad(x, [[0, 0], [2, 2], [0, 0]], mode="REFLECT"),
    "reshape by the shape": lambda x: tf.reshape(
        tf.reduce_mean(tf.reshape(x, [tf.shape(x)[0], -1, 2, 3]), 2), [-1, LENGTH, 3]
    ),
    "squeeze": lambda x: tf.squeeze(tf.expand_dims(x, 2), 2),
    "strided slice": lambda x: x[:, 3:-3:2, ::-1],
    "slice": lambda x: tf.slice(x, [0, 2, 1], [-1, 16, 3]),
    "new axis": lambda x: x[:, :, tf.newaxis, :][:, :, 0],
    "split": lambda x: tf.concat(tf.split(x, 2, axis=-1)[::-1], -1),
    "split at": lambda x: tf.split(x, [1, 5], axis=-1)[1],
    "stack": lambda x: tf.reduce_max(tf.stack([x, -x], axis=2), axis=2),
    "unstack": lambda x: tf.stack(tf.unstack(x, axis=-1)[:3], axis=-1),
    "tile": lambda x: tf.tile(x, [1, 1, 2]),
    "repeat": lambda x: tf.repeat(x, 2, axis=1),
    "repeated elements": lambda x: backend.repeat_elements(x, 2, axis=1),
    "roll in a loop": _after_a_loop,
    "arithmetic": lambda x: (2.0 * x - 1.0) / (1.0 + x * x),
    "squared difference": lambda x: tf.math.squared_difference(x, 0.5),
    "activations": lambda x: tf.nn.relu(x) + tf.nn.elu(x) + tf.sigmoid(x) + tf.nn.leaky_relu(x),
    "gelu": tf.nn.gelu,
    "swish": tf.nn.swish,
    "mish": lambda x: x * tf.tanh(tf.nn.softplus(x)),
    "clip": lambda x: tf.clip_by_value(x, -0.3, 0.4),
    "power": lambda x: tf.pow(tf.abs(x) + 0.5, 1.5),
    "where": lambda x: tf.where(x > 0.1, x, 0.1 * x),
    "switched by a truth": lambda x: x * tf.cast(tf.logical_and(x > 0.1, x < 0.9), tf.float32),
    "ratio or zero": lambda x: tf.math.divide_no_nan(x, tf.nn.relu(x)),
    "layer norm": _normalized,
    "unit norm": lambda x: tf.math.l2_normalize(x, axis=-1),
    "softmax": lambda x: tf.nn.softmax(x),
    "rounded": lambda x: x - tf.floor(3.0 * x) / 3.0 + tf.round(x) - tf.math.ceil(2.0 * x),
    "running sums": lambda x: tf.cumsum(x, axis=-1) + tf.cumsum(x, axis=-1, reverse=True),
    "sorted": lambda x: tf.sort(x, axis=-1) + tf.sort(x, axis=-1, direction="DESCENDING"),
    "the largest": lambda x: tf.math.top_k(x, 3).values,
    "softmax pooling": lambda x: tf.reduce_sum(_pairs(x) * tf.nn.softmax(_pairs(x), axis=-2), 2),
    "matmul": lambda x: tf.matmul(x, MATRIX),
    "backend dot": lambda x: backend.dot(x, tf.constant(MATRIX)),
    "tensordot and bias": lambda x: tf.nn.relu(tf.tensordot(x, MATRIX, 1) + MATRIX[0]),
    "einsum": lambda x: tf.einsum("blc,cd->bld", x, MATRIX),
    "einsum, weights first": lambda x: tf.einsum("cd,blc->bld", MATRIX, x),
    "einsum that scales": lambda x: tf.einsum("blc,c->blc", x, MATRIX[:, 0]),
    "einsum that scales positions": lambda x: tf.einsum("cl,blc->blc", PLACES, x),
    "conv1d": lambda x: tf.nn.bias_add(tf.nn.conv1d(x, WEIGHTS, 2, "SAME"), MATRIX[0]),
    "conv2d on one row": lambda x: tf.squeeze(
        tf.nn.conv2d(tf.expand_dims(x, 2), WEIGHTS[:, None], 1, "VALID"), 2
    ),
    "dilated": lambda x: tf.nn.convolution(x, WEIGHTS, 1, "SAME", dilations=2),
    "dilated by more than it divides": lambda x: tf.nn.conv1d(x, WEIGHTS, 1, "VALID", dilations=5),
    "dilated over a plane": lambda x: tf.nn.atrous_conv2d(
        x[:, :, None], WEIGHTS[:, None], 2, "SAME"
    )[:, :, 0],
    "an activation between positions apart": lambda x: tf.batch_to_space(
        tf.nn.relu(tf.nn.conv1d(tf.space_to_batch(x, [3], [[3, 3]]), WEIGHTS, 1, "VALID") - 0.1),
        [3],
        [[0, 0]],
    ),
    "transposed": lambda x: tf.nn.conv1d_transpose(
        x, WEIGHTS.transpose(0, 2, 1), (tf.shape(x)[0], 2 * LENGTH, 4), 2, "SAME"
    ),
    "transposed and valid": lambda x: tf.nn.conv1d_transpose(
        x, WEIGHTS.transpose(0, 2, 1), (tf.shape(x)[0], LENGTH + 2, 4), 1, "VALID"
    ),
    "resized": lambda x: tf.image.resize(x[:, None], (1, 3 * LENGTH), "nearest")[:, 0],
    "resized to fewer": lambda x: tf.image.resize(x[:, :, None], (LENGTH // 4, 1), "nearest")[
        :, :, 0
    ],
    "known base": lambda x: tf.pow(2.0, x),
    "remainder": lambda x: tf.math.floormod(x, 0.75) + tf.math.floordiv(x, 0.75),
    "log of a sum of exponentials": lambda x: tf.reduce_logsumexp(x, axis=-1, keepdims=True),
    "depthwise": lambda x: tf.squeeze(
        tf.nn.depthwise_conv2d(tf.expand_dims(x, 1), WEIGHTS[None], [1, 1, 1, 1], "SAME"), 1
    ),
    "plane": lambda x: tf.reshape(
        tf.nn.max_pool2d(
            tf.nn.conv2d(tf.reshape(x, (-1, LENGTH, 3, 2)), np.ones((3, 2, 2, 2), "f"), 1, "SAME"),
            (2, 1),
            (2, 1),
            "VALID",
        ),
        (-1, LENGTH // 2, 6),
    ),
    "max pool": lambda x: tf.nn.max_pool1d(x, 3, 3, "SAME"),
    "average pool": lambda x: tf.nn.avg_pool1d(x, 2, 2, "VALID"),
    "batch norm": lambda x: tf.nn.batch_normalization(x, VECTOR, VECTOR, 0.1, VECTOR, 1e-3),
    "fused batch norm": lambda x: tf.squeeze(
        tf.compat.v1.nn.fused_batch_norm(
            tf.expand_dims(x, 1), VECTOR, VECTOR, VECTOR, VECTOR, is_training=False
        )[0],
        1,
    ),
    "a branch known beforehand": lambda x: tf.cond(tf.constant(True), lambda: -x, lambda: x),
    "backend switch": lambda x: backend.switch(tf.constant(False), tf.reverse(x, [1]), x),
    "training phase": lambda x: backend.relu(x) if x.shape[1] == LENGTH else x,
}

POOLED: dict[str, Code] = {
    "transpose": lambda x: tf.reduce_mean(tf.transpose(x, [0, 2, 1]), axis=2),
    "mean over positions": lambda x: tf.reduce_mean(x, axis=1),
    "max over positions": lambda x: tf.reduce_max(x, axis=1),
    "log of a sum over positions": lambda x: tf.reduce_logsumexp(x, axis=1),
    "moments": lambda x: tf.concat(tf.nn.moments(x, axes=[1]), -1),
    "sum over both": lambda x: tf.reduce_sum(x, axis=[1, 2])[:, None],
    "squeeze and excite": lambda x: tf.reduce_mean(
        x * tf.sigmoid(tf.matmul(tf.reduce_mean(x, axis=1, keepdims=True), tf.eye(CHANNELS))), 1
    ),
}

UNREAD: dict[str, tuple[Code, str]] = {
    "random": (lambda x: x + tf.random.normal(tf.shape(x)), "it draws random numbers"),
    "cumulative product": (
        lambda x: tf.math.cumprod(x, axis=1, exclusive=True),
        "TensorFlow's Cumprod",
    ),
    "a Bessel function": (lambda x: tf.math.bessel_i0(x), "TensorFlow's BesselI0"),
    "largest entry": (lambda x: tf.one_hot(tf.argmax(x, -1), CHANNELS), "it uses Argmax"),
    "resized between": (
        lambda x: tf.image.resize(x[:, :, None], (36, 1), "nearest")[:, :, 0],
        "it makes 36 positions of 24, by no whole factor",
    ),
    "transposed over two axes": (
        lambda x: tf.nn.conv2d_transpose(
            x[:, :, None], np.ones((2, 2, 3, CHANNELS), "f"), (tf.shape(x)[0], 48, 2, 3), 2
        )[:, :, 0],
        "it goes over two axes",
    ),
    "positions as sequences": (
        lambda x: tf.reshape(
            tf.batch_to_space(tf.nn.softmax(tf.space_to_batch(x, [2], [[0, 0]]), 1), [2], [[0, 0]]),
            (-1, LENGTH, CHANNELS),
        ),
        "it takes positions of a sequence for sequences",
    ),
    "which way depends on it": (
        lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -x),
        "depends on the other sequences",
    ),
    "several sequences at once": (
        lambda x: x - tf.reduce_mean(x, axis=0, keepdims=True) * 0.0,
        "it uses Mean: it reduces over the batch",
    ),
}


class Written(keras.Layer):
    """A layer whose call is a function of TensorFlow's, with weights of its own."""

    def __init__(self, code: Code, **options: Any) -> None:
        super().__init__(**options)
        self.code = code

    def build(self, shape: Any) -> None:
        self.shift = self.add_weight(name="shift", shape=(CHANNELS,), initializer="random_normal")

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.code(-x if training else x + self.shift)


def model_of(code: Code, *, pooled: bool = False, layer: Any = layers.Lambda) -> keras.Model:
    keras.utils.set_random_seed(3)
    given = keras.Input((LENGTH, 4))
    x = layers.Conv1D(CHANNELS, 5, padding="same", activation="tanh")(given)
    x = layer(code, name="code")(x)
    if not pooled:
        x = layers.Flatten()(layers.Conv1D(3, 3)(x))
    return keras.Model(given, layers.Dense(2)(x))


def _agrees(model: keras.Model) -> fastism.Plan:
    plan = fastism.compile(model, backend="reference")
    report = check_plan(plan, model, tolerance=1e-5)
    assert report.largest_effect > 1e-4
    return plan


@pytest.mark.parametrize("name", LOCAL)
def test_it_is_local_and_exact(name: str) -> None:
    plan = _agrees(model_of(LOCAL[name]))
    assert not plan.opaque
    assert [n.name for n in plan.stage["segmented"].main.nodes if n.mode == "whole"] == []


@pytest.mark.parametrize("name", POOLED)
def test_what_pools_positions_is_read_too(name: str) -> None:
    assert not _agrees(model_of(POOLED[name], pooled=True)).opaque


@pytest.mark.parametrize("name", ["reverse", "matmul", "conv1d", "backend switch"])
def test_a_layer_with_weights_is_read_as_at_prediction_time(name: str) -> None:
    assert not _agrees(model_of(LOCAL[name], layer=Written)).opaque


def test_an_activation_is_read() -> None:
    given = keras.Input((LENGTH, 4))
    x = layers.Conv1D(CHANNELS, 5, activation=lambda x: x * tf.sigmoid(1.702 * x))(given)
    assert not _agrees(keras.Model(given, layers.Dense(1)(layers.Flatten()(x)))).opaque


@pytest.mark.parametrize("name", UNREAD)
def test_what_stays_unknown_is_named(name: str) -> None:
    code, why = UNREAD[name]
    given = keras.Input((LENGTH, 4))
    x = layers.Conv1D(CHANNELS, 5, padding="same")(given)
    model = keras.Model(given, layers.Lambda(code, output_shape=(LENGTH, None))(x))
    assert why in _why(model)


def _why(model: keras.Model) -> str:
    try:
        (layer,) = lower(model).opaque.values()
    except fastism.FastismError as error:
        return f"{error.why}"
    return layer.why


def test_a_variable_that_changes_keeps_the_layer_live() -> None:
    class Counting(keras.Layer):
        def build(self, shape: Any) -> None:
            self.calls = tf.Variable(0.0)

        def call(self, x: Any) -> Any:
            self.calls.assign_add(1.0)
            return tf.identity(x)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    given = keras.Input((LENGTH, 4))
    assert "it changes variables" in _why(keras.Model(given, Counting()(given)))


def test_every_operation_that_is_read_is_one_of_tensorflow() -> None:
    unknown = [name for name in reading.names() if not hasattr(tf.raw_ops, name)]
    assert unknown == []
