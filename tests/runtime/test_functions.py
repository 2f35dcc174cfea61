"""Norms, functions and arithmetic against the model itself, at every site, and where each stops."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from keras import layers, ops

from tests.runtime.functions import LENGTH, Function, assert_stops, model_of, stops_of, weights

WHOLE = "pools over the whole length"


class Scaled(keras.Layer):
    """Plain code over one weight a position and channel."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.factor = self.add_weight(shape=(shape[1], shape[-1]), name="factor")

    def call(self, x: Any) -> Any:
        return ops.tanh(x * self.factor) + self.factor


class Residual(keras.Layer):
    """Code over layers of its own."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.norm = layers.BatchNormalization()
        self.norm.build(shape)
        self.mix = layers.Conv1D(shape[-1], 3, padding="same", activation="relu")
        self.mix.build(shape)
        self.drop = layers.Dropout(0.5)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return x + self.drop(self.mix(self.norm(x, training=training)), training=training)


class TrainingByDefault(keras.Layer):
    """Predicting, a model tells its layers so, whatever they take for granted."""

    def call(self, x: Any, training: bool = True) -> Any:
        return x if training else ops.tanh(x)


class Squared(layers.Dense):
    """A layer of Keras, changed."""

    def call(self, x: Any) -> Any:
        return super().call(x) ** 2


class Standardized(layers.Conv1D):
    """A convolution whose weights are worked out anew when it is called."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        centred = kernel - ops.mean(kernel, axis=(0, 1), keepdims=True)
        return super().convolution_op(inputs, centred / ops.std(kernel))


def snake(x: Any) -> Any:
    return x + ops.square(ops.sin(x))


def leaky(x: Any) -> Any:
    return ops.where(ops.greater(x, 0.1), x, 0.3 * x)


def positions(*shape: int) -> Function:
    """A layer's own weight of some shape, times the value."""
    return lambda x: x * weights(*shape)


LOCAL: dict[str, Function] = {
    # normalization
    "batch_norm": lambda x: layers.BatchNormalization()(x),
    "batch_norm_positions": lambda x: layers.BatchNormalization(axis=1)(x),
    "layer_norm": lambda x: layers.LayerNormalization(epsilon=0.01)(x),
    "layer_norm_list": lambda x: layers.LayerNormalization(axis=[-1])(x),
    "layer_norm_scaling": lambda x: layers.LayerNormalization(rms_scaling=True)(x),
    "rms_norm": lambda x: layers.RMSNormalization(epsilon=0.02)(x),
    "rms_norm_op": lambda x: ops.rms_normalization(x),
    "unit_norm": lambda x: layers.UnitNormalization()(x),
    "unit_norm_op": lambda x: ops.normalize(x, axis=-1),
    "normalization": lambda x: layers.Normalization(mean=weights(4), variance=weights(4))(x),
    "normalization_back": lambda x: layers.Normalization(mean=0.3, variance=2.0, invert=True)(x),
    "normalization_positions": lambda x: layers.Normalization(
        axis=(1, 2), mean=weights(LENGTH, 4), variance=weights(LENGTH, 4)
    )(x),
    "rescaling": lambda x: layers.Rescaling(0.5, offset=-0.1)(x),
    "rescaling_channels": lambda x: layers.Rescaling([0.5, 1.0, 2.0, -1.0])(x),
    # activation layers and their options
    "prelu": lambda x: layers.PReLU()(x),
    "prelu_shared": lambda x: layers.PReLU(shared_axes=[1])(x),
    "prelu_channels": lambda x: layers.PReLU(shared_axes=[2])(x),
    "leaky_relu": lambda x: layers.LeakyReLU(negative_slope=0.15)(x),
    "elu": lambda x: layers.ELU(alpha=0.6)(x),
    "relu_options": lambda x: layers.ReLU(max_value=1.2, negative_slope=0.1, threshold=0.2)(x),
    "softmax": lambda x: layers.Softmax()(x),
    "custom_activation": lambda x: layers.Activation(snake)(x),
    "custom_in_convolution": lambda x: layers.Conv1D(3, 3, activation=snake)(x),
    "custom_in_dense": lambda x: layers.Dense(3, activation=leaky)(x),
    "custom_in_separable": lambda x: layers.SeparableConv1D(3, 3, activation=leaky)(x),
    "layer_as_activation": lambda x: layers.Dense(3, activation=layers.PReLU(shared_axes=[1]))(x),
    # code of the user's
    "lambda": lambda x: layers.Lambda(lambda value: value * 2.0 + 1.0)(x),
    "lambda_arguments": lambda x: layers.Lambda(
        lambda value, by: ops.abs(value) ** by, arguments={"by": 1.5}
    )(x),
    "layer_weights": lambda x: Scaled()(x),
    "layer_of_layers": lambda x: Residual()(x),
    "layer_derived": lambda x: Squared(3)(x),
    "training_by_default": lambda x: TrainingByDefault()(x),
    "convolution_derived": lambda x: Standardized(5, 3, strides=2, activation="relu")(x),
    "convolution_derived_causal": lambda x: Standardized(5, 3, dilation_rate=2, padding="causal")(
        x
    ),
    "convolution_op": lambda x: ops.conv(x, weights(4, 4, 6), strides=3, padding="same"),
    # every position by itself
    "time_distributed": lambda x: layers.TimeDistributed(layers.Dense(3, activation="relu"))(x),
    "time_distributed_norm": lambda x: layers.TimeDistributed(layers.LayerNormalization())(x),
    "time_distributed_layer": lambda x: layers.TimeDistributed(Squared(3))(x),
    # at prediction time, nothing
    "dropout_in_training": lambda x: layers.Dropout(0.5)(x, training=True),
    "batch_norm_in_training": lambda x: layers.BatchNormalization()(x, training=True),
    "spatial_dropout": lambda x: layers.SpatialDropout1D(0.4)(x),
    "gaussian_noise": lambda x: layers.GaussianNoise(0.4)(x),
    "alpha_dropout": lambda x: layers.AlphaDropout(0.4)(x),
    "regularization": lambda x: layers.ActivityRegularization(0.4)(x),
    "stop_gradient": lambda x: ops.stop_gradient(x) * 2.0,
    # a weight of its own for every position, channel, or both
    "by_position_and_channel": positions(LENGTH, 4),
    "by_position": positions(LENGTH, 1),
    "by_channel": positions(1, 4),
    "by_position_batched": positions(1, LENGTH, 4),
    "plus_positions": lambda x: x + weights(LENGTH, 4),
    "positions_minus": lambda x: ops.subtract(weights(LENGTH, 1), x),
    "over_positions": lambda x: x / weights(LENGTH, 4),
    "at_least_positions": lambda x: ops.maximum(x, weights(LENGTH, 4) - 1),
    "at_most_channels": lambda x: ops.minimum(x, weights(4) - 1),
    # broadcasting
    "gate_of_one_channel": lambda x: x * layers.Dense(1, activation="sigmoid")(x),
    "sum_with_one_channel": lambda x: layers.Add()([layers.Dense(1)(x), x]),
    # over the channels
    "mean_channels": lambda x: x - ops.mean(x, axis=-1, keepdims=True),
    "sum_channels": lambda x: ops.sum(x, axis=2, keepdims=True),
    "max_channels": lambda x: x * ops.max(x, axis=[-1], keepdims=True),
    "min_channels": lambda x: ops.min(x, axis=-1, keepdims=True),
    "var_channels": lambda x: ops.var(x, axis=-1, keepdims=True),
    "std_channels": lambda x: x / ops.std(x, axis=-1, keepdims=True),
    "logsumexp_channels": lambda x: ops.logsumexp(x, axis=-1, keepdims=True),
    # operators and functions
    "operators": lambda x: -(1.0 - x * 2.0) / 3.0 + x**2,
    "ratio": lambda x: 1.0 / (ops.exp(x) + 1.0),
    "clip": lambda x: ops.clip(x, -0.4, 0.7),
    "where": lambda x: ops.where(x > 0.1, x, 0.0),
    "where_tensors": lambda x: ops.where(x > ops.mean(x, axis=-1, keepdims=True), x, -x),
    "where_less_equal": lambda x: ops.where(ops.less_equal(x, 0.2), 1.0, x),
    "where_logic": lambda x: ops.where(
        ops.logical_and(x > -0.3, ops.logical_not(x >= 0.4)), x, weights(4)
    ),
    "where_or": lambda x: ops.where(ops.logical_or(x < -0.3, x > 0.4), x, 0.5),
    "where_equal": lambda x: ops.where(ops.equal(ops.relu(x), 0.0), -1.0, x),
    "where_not_equal": lambda x: ops.where(ops.not_equal(ops.relu(x), 0.0), x, 2.0),
    "matmul": lambda x: ops.matmul(x, weights(4, 3)),
    "matmul_operator": lambda x: x @ weights(4, 3),
    "dot": lambda x: ops.dot(x, weights(4, 3)),
    "sign": lambda x: x * ops.sign(x),
    "exp2": lambda x: ops.exp2(x),
    "stacked": lambda x: ops.concatenate([ops.erf(x), ops.tan(0.1 * x)], axis=-1),
    "hyperbolic": lambda x: ops.sinh(x) + ops.cosh(x) + ops.arcsinh(x) + ops.arctan(x),
    "glu": lambda x: ops.glu(x),
    "threshold": lambda x: ops.threshold(x, 0.2, -0.5),
    "pad_op": lambda x: ops.pad(x, [[0, 0], [2, 1], [0, 0]]),
    "repeat_op": lambda x: ops.repeat(x, 3, axis=1),
    "ones_like": lambda x: ops.concatenate([ops.ones_like(x), x, ops.zeros_like(x)], axis=1),
    "squeeze_and_back": lambda x: ops.expand_dims(ops.squeeze(layers.Dense(1)(x), -1), -1),
}
ABOVE_ZERO: dict[str, Function] = {
    "rsqrt": lambda x: ops.rsqrt(x),
    "log2": lambda x: ops.log2(x),
    "log10": lambda x: ops.log10(x),
    "root": lambda x: ops.sqrt(x) + ops.log1p(x),
    "power": lambda x: x**-1.5,
    "reciprocal": lambda x: 2.0 / x,
}
STOPS: dict[str, tuple[Function, dict[str, str]]] = {
    "layer_norm_length": (
        lambda x: layers.LayerNormalization(axis=1)(x),
        {"global_average_pool": WHOLE},
    ),
    "layer_norm_all": (
        lambda x: layers.LayerNormalization(axis=[1, 2])(x),
        {"global_average_pool": WHOLE},
    ),
    "rms_norm_length": (
        lambda x: layers.RMSNormalization(axis=[1, 2])(x),
        {"global_average_pool": WHOLE},
    ),
    "unit_norm_length": (
        lambda x: layers.UnitNormalization(axis=[1])(x),
        {"global_sum_pool": WHOLE},
    ),
    "group_norm": (
        lambda x: layers.GroupNormalization(groups=2)(x),
        {"global_average_pool": WHOLE},
    ),
    "instance_norm": (
        lambda x: layers.GroupNormalization(groups=-1, scale=False)(x),
        {"global_average_pool": WHOLE},
    ),
    "softmax_length": (
        lambda x: layers.Softmax(axis=1)(x),
        {"global_max_pool": WHOLE},
    ),
    "log_softmax_length": (
        lambda x: ops.log_softmax(x, axis=1),
        {"global_max_pool": WHOLE},
    ),
    "attention_pool": (
        lambda x: ops.sum(x * ops.softmax(layers.Dense(1)(x), axis=1), axis=1),
        {"softmax_pool": "weighs every position against all others"},
    ),
    "squeeze_excite_reshape": (
        lambda x: x * layers.Reshape((1, 4))(layers.GlobalAveragePooling1D()(x)),
        {"global_average_pool": WHOLE},
    ),
    "squeeze_excite_ranks": (
        lambda x: layers.Multiply()([x, layers.GlobalAveragePooling1D()(x)]),
        {"global_average_pool": WHOLE},
    ),
    "squeeze_excite_expand": (
        lambda x: x * ops.expand_dims(ops.max(x, axis=1), 1),
        {"global_max_pool": WHOLE},
    ),
    "squeeze_excite_repeat": (
        lambda x: x + layers.RepeatVector(LENGTH)(layers.GlobalMaxPooling1D()(x)),
        {"global_max_pool": WHOLE},
    ),
    "min_length": (lambda x: ops.min(x, axis=1), {"global_max_pool": WHOLE}),
    "var_length": (lambda x: ops.var(x, axis=1), {"global_average_pool": WHOLE}),
    "std_length": (lambda x: ops.std(x, axis=1, keepdims=True), {"global_average_pool": WHOLE}),
    "mean_all": (lambda x: ops.mean(x, axis=[1, 2], keepdims=True), {"global_average_pool": WHOLE}),
}
FUNCTIONS = sorted(
    name
    for name, function in vars(keras.activations).items()
    if callable(function)
    and name not in ("get", "serialize", "deserialize", "glu", "threshold", "sparsemax")
)
"""Every activation of Keras, but two that are no layer's (they have tests above), and sparsemax,
which Keras itself cannot put into a layer."""


@pytest.mark.parametrize("name", LOCAL)
def test_is_local(name: str) -> None:
    assert stops_of(model_of(LOCAL[name])) == {}


@pytest.mark.parametrize("name", ABOVE_ZERO)
def test_is_local_above_zero(name: str) -> None:
    assert stops_of(model_of(ABOVE_ZERO[name], positive=True)) == {}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activation_is_local(name: str) -> None:
    function = getattr(keras.activations, name)
    assert stops_of(model_of(lambda x: layers.Activation(function)(x))) == {}


@pytest.mark.parametrize("name", STOPS)
def test_stops_where_it_mixes_positions(name: str) -> None:
    assert_stops(*STOPS[name])
