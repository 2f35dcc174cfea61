"""Every function of `tf.keras.backend` that takes tensors: read, or live for a reason that is said.

A function of the module that stands in none of the tables makes a test fail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.keras import backend as K

from fastism.backends import reference
from fastism.frontends.keras.lowering.lower import lower
from tests.zoo.evaluate import predict, random_inputs

LENGTH, CHANNELS = 24, 6
WEIGHTS = tf.constant(np.random.default_rng(5).normal(size=(3, CHANNELS, 4)), "float32")
VECTOR = tf.constant(np.linspace(0.5, 1.5, CHANNELS), "float32")

EYE = K.constant(np.asarray(K.eye(CHANNELS))) * 2.0
Code = Callable[[Any], Any]


def _number(truth: Any) -> Any:
    return K.cast(truth, "float32")


def _plane(x: Any) -> Any:
    return K.expand_dims(x, 2)


def _line(x: Any) -> Any:
    return K.squeeze(x, 2)


READ: dict[str, Code] = {
    "abs": K.abs,
    "all": lambda x: _number(K.all(x > -0.5, axis=-1, keepdims=True)),
    "any": lambda x: _number(K.any(x > 0.5, axis=-1, keepdims=True)),
    "arange": lambda x: x * K.arange(0, CHANNELS, dtype="float32"),
    "batch_normalization": lambda x: K.batch_normalization(x, VECTOR, VECTOR, VECTOR, VECTOR),
    "batch_flatten": lambda x: K.reshape(K.batch_flatten(x), (-1, LENGTH * CHANNELS)),
    "bias_add": lambda x: K.bias_add(x, VECTOR),
    "binary_crossentropy": lambda x: K.binary_crossentropy(K.sigmoid(x), K.sigmoid(-x)),
    "cast": lambda x: K.cast(x, "float32") + 1.0,
    "cast_to_floatx": lambda x: x * K.cast_to_floatx(np.arange(CHANNELS)),
    "clip": lambda x: K.clip(x, -0.3, 0.3),
    "concatenate": lambda x: K.concatenate([x, -x]),
    "constant": lambda x: x * K.constant(np.arange(CHANNELS)),
    "conv1d": lambda x: K.conv1d(x, WEIGHTS, padding="causal", dilation_rate=3),
    "conv2d": lambda x: _line(K.conv2d(_plane(x), WEIGHTS[:, None], dilation_rate=(2, 1))),
    "conv2d_transpose": lambda x: _line(
        K.conv2d_transpose(
            _plane(x),
            tf.transpose(WEIGHTS, (0, 2, 1))[:, None],
            (tf.shape(x)[0], 2 * LENGTH, 1, 4),
            strides=(2, 1),
            padding="same",
        )
    ),
    "cos": K.cos,
    "cumsum": lambda x: K.cumsum(x, axis=-1),
    "depthwise_conv2d": lambda x: _line(
        K.depthwise_conv2d(_plane(x), WEIGHTS[:, None], padding="same")
    ),
    "dot": lambda x: K.dot(x, WEIGHTS[0]),
    "dtype": lambda x: -x if K.dtype(x) == "float32" else x,
    "elu": K.elu,
    "equal": lambda x: _number(K.equal(K.sign(x), 1.0)),
    "exp": K.exp,
    "expand_dims": lambda x: K.sum(K.expand_dims(x, 2) * 2.0, axis=2),
    "eye": lambda x: K.dot(x, EYE),
    "greater": lambda x: _number(K.greater(x, 0.1)),
    "greater_equal": lambda x: _number(K.greater_equal(x, 0.1)),
    "hard_sigmoid": lambda x: K.hard_sigmoid(3.0 * x),
    "int_shape": lambda x: K.reshape(x, (-1, K.int_shape(x)[1] // 2, 2 * CHANNELS)),
    "l2_normalize": lambda x: K.l2_normalize(x, axis=-1),
    "less": lambda x: _number(K.less(x, 0.1)),
    "less_equal": lambda x: _number(K.less_equal(x, 0.1)),
    "log": lambda x: K.log(K.abs(x) + 1.0),
    "max": lambda x: K.max(x, axis=-1, keepdims=True),
    "maximum": lambda x: K.maximum(x, 0.1),
    "mean": lambda x: K.mean(x, axis=-1, keepdims=True),
    "min": lambda x: K.min(x, axis=-1, keepdims=True),
    "minimum": lambda x: K.minimum(x, 0.1),
    "ndim": lambda x: x * float(K.ndim(x)),
    "not_equal": lambda x: _number(K.not_equal(K.sign(x), 1.0)),
    "ones": lambda x: x + K.ones((CHANNELS,)),
    "ones_like": lambda x: x + K.ones_like(x),
    "permute_dimensions": lambda x: K.mean(K.permute_dimensions(x, (0, 2, 1)), axis=2),
    "pool2d": lambda x: _line(K.pool2d(_plane(x), (3, 1), (2, 1), padding="same")),
    "pow": lambda x: K.pow(x, 3),
    "relu": lambda x: K.relu(x, alpha=0.1, max_value=0.5, threshold=0.2),
    "repeat": lambda x: K.repeat(K.max(x, 1), 5),
    "repeat_elements": lambda x: K.repeat_elements(x, 3, 1),
    "reshape": lambda x: K.reshape(x, (-1, LENGTH // 2, 2 * CHANNELS)),
    "resize_images": lambda x: _line(K.resize_images(_plane(x), 2, 1, "channels_last")),
    "reverse": lambda x: K.reverse(x, axes=(1, 2)),
    "round": lambda x: K.round(3.0 * x),
    "separable_conv2d": lambda x: _line(
        K.separable_conv2d(
            _plane(x), WEIGHTS[:, None], tf.ones((1, 1, 4 * CHANNELS, 3)), padding="same"
        )
    ),
    "shape": lambda x: K.reshape(x, (K.shape(x)[0], -1, 2 * CHANNELS)),
    "sigmoid": K.sigmoid,
    "sign": K.sign,
    "sin": K.sin,
    "softmax": K.softmax,
    "softplus": K.softplus,
    "softsign": K.softsign,
    "spatial_2d_padding": lambda x: _line(K.spatial_2d_padding(_plane(x), ((1, 2), (0, 0)))),
    "sqrt": lambda x: K.sqrt(K.abs(x) + 0.5),
    "square": K.square,
    "squeeze": lambda x: K.squeeze(x[:, :, :1], 2)[:, :, None] * 2.0,
    "stack": lambda x: K.max(K.stack([x, -x], axis=-1), axis=-1),
    "std": lambda x: K.std(x, axis=-1, keepdims=True),
    "stop_gradient": lambda x: K.stop_gradient(x) * 2.0,
    "sum": lambda x: K.sum(x, axis=-1, keepdims=True),
    "switch": lambda x: K.switch(x > 0.1, x, 0.1 * x),
    "tanh": K.tanh,
    "temporal_padding": lambda x: K.temporal_padding(x, (1, 2)),
    "tile": lambda x: K.tile(x, (1, 2, 1)),
    "var": lambda x: K.var(x, axis=-1, keepdims=True),
    "zeros": lambda x: -x + K.zeros((CHANNELS,)),
    "zeros_like": lambda x: -x + K.zeros_like(x),
}

LIVE: dict[str, tuple[Code, str]] = {
    "argmax": (lambda x: _number(K.argmax(x, -1))[:, :, None], "it uses Argmax"),
    "argmin": (lambda x: _number(K.argmin(x, -1))[:, :, None], "it uses Argmin"),
    "batch_dot": (
        lambda x: K.batch_dot(x, K.permute_dimensions(x, (0, 2, 1))),
        "it is a product of two tensors",
    ),
    "cumprod": (lambda x: K.cumprod(x, axis=-1), "it uses Cumprod"),
    "dropout": (lambda x: K.dropout(x, 0.5), "it draws random numbers"),
    "map_fn": (lambda x: K.map_fn(lambda row: 2.0 * row, x), "TensorFlow's TensorListFromTensor"),
    "one_hot": (lambda x: K.one_hot(K.argmax(x, -1), CHANNELS), "it uses Argmax"),
    "prod": (lambda x: K.prod(x, axis=-1, keepdims=True), "it uses Prod"),
    "rnn": (
        lambda x: K.rnn(lambda row, states: (row, states), x, [])[1],
        "TensorFlow's TensorListFromTensor",
    ),
}


SETTINGS = "backend epsilon floatx image_data_format clear_session get_uid name_scope result_type "
SETTINGS += "set_epsilon set_floatx set_image_data_format standardize_dtype is_float_dtype "
SETTINGS += "is_int_dtype is_keras_tensor is_sparse to_dense eval gradients"
VARIABLES = "variable count_params get_value set_value batch_get_value batch_set_value update "
VARIABLES += "update_add update_sub moving_average_update"
RANDOM = "random_bernoulli random_normal random_normal_variable random_uniform "
RANDOM += "random_uniform_variable truncated_normal"
LOSSES = "binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy "
LOSSES += "sparse_categorical_crossentropy ctc_batch_cost ctc_decode ctc_label_dense_to_sparse "
LOSSES += "in_top_k"
VOLUMES = "conv3d pool3d resize_volumes spatial_3d_padding"
OVER_SEQUENCES = "flatten foldl foldr gather transpose"
"""They work on the axis of the sequences, and so are refused, as everything that mixes them."""


def _model(code: Code) -> keras.Model:
    keras.utils.set_random_seed(3)
    given = keras.Input((LENGTH, 4))
    x = layers.Conv1D(CHANNELS, 5, padding="same", activation="tanh")(given)
    shape = tuple(code(tf.zeros((2, LENGTH, CHANNELS))).shape[1:])
    x = layers.Lambda(code, output_shape=shape, name="code")(x)
    return keras.Model(given, layers.Dense(2)(layers.Flatten()(x)))


@pytest.mark.parametrize("name", READ)
def test_it_is_read_and_computes_the_same(name: str) -> None:
    model = _model(READ[name])
    lowered = lower(model)
    assert [layer.why for layer in lowered.opaque.values()] == []
    inputs = random_inputs(lowered.module)
    values = reference.run(lowered.module, "main", inputs)
    (expected,) = predict(model, inputs)
    np.testing.assert_allclose(values[lowered.module.main.outputs[0]], expected, atol=2e-5)


@pytest.mark.parametrize("name", LIVE)
def test_it_runs_live_for_a_reason(name: str) -> None:
    code, why = LIVE[name]
    (layer,) = lower(_model(code)).opaque.values()
    assert why in layer.why


def test_no_function_is_missing() -> None:
    others = (SETTINGS, VARIABLES, RANDOM, LOSSES, VOLUMES, OVER_SEQUENCES)
    tables = [*READ, *LIVE, *(name for names in others for name in names.split())]
    assert len(tables) == len(set(tables))
    public = {name for name in dir(K) if not name.startswith("_")}
    assert public - set(tables) == set()
