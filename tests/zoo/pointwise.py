"""Activations, normalization, noise, and plain arithmetic, at every place in a model."""

from __future__ import annotations

from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model


def _conv(filters: int, width: int, activation: object = None) -> keras.Layer:
    return layers.Conv1D(filters, width, padding="same", activation=activation)


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@small_model()
def norm_after_conv() -> keras.Model:
    inputs = sequence()
    x = layers.BatchNormalization()(_conv(6, 5)(inputs))
    x = layers.Activation("relu")(x)
    x = layers.BatchNormalization(scale=False, center=False)(_conv(5, 3)(x))
    return keras.Model(inputs, _flat(layers.Activation("relu")(x)))


@small_model()
def norm_before_conv() -> keras.Model:
    """Batch norm straight on the input, and between convolutions."""
    inputs = sequence()
    x = _conv(6, 5, "relu")(layers.BatchNormalization()(inputs))
    x = layers.BatchNormalization(epsilon=0.1)(x)
    return keras.Model(inputs, _flat(_conv(5, 3, "relu")(x)))


@small_model()
def activation_before_conv() -> keras.Model:
    """The residual order of SpliceAI: norm, activation, convolution."""
    inputs = x = sequence()
    for _ in range(2):
        x = layers.Activation("relu")(layers.BatchNormalization()(x))
        x = _conv(5, 3)(x)
    return keras.Model(inputs, _flat(x))


@small_model()
def activation_on_input() -> keras.Model:
    inputs = sequence()
    return keras.Model(inputs, _flat(_conv(5, 5, "relu")(layers.Activation("tanh")(inputs))))


@small_model()
def layer_norm() -> keras.Model:
    inputs = sequence()
    x = layers.LayerNormalization(epsilon=1e-2)(_conv(6, 5)(inputs))
    x = layers.LayerNormalization(center=False, scale=False)(_conv(5, 3, "gelu")(x))
    x = layers.LayerNormalization()(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model()
def softmax_channels() -> keras.Model:
    inputs = sequence()
    x = layers.Softmax()(_conv(5, 5)(inputs))
    x = _conv(4, 3, "softmax")(x)
    return keras.Model(inputs, layers.Conv1D(3, 1, activation="log_softmax", name="track")(x))


@small_model()
def leaky_activations() -> keras.Model:
    inputs = x = sequence()
    for layer in (
        layers.LeakyReLU(negative_slope=0.15),
        layers.ELU(alpha=0.7),
        layers.PReLU(shared_axes=[1]),
        layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2),
    ):
        x = layer(_conv(4, 3)(x))
    x = layers.PReLU()(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model()
def smooth_activations() -> keras.Model:
    inputs = x = sequence()
    for name in ("gelu", "silu", "mish", "softplus", "celu", "selu"):
        x = _conv(4, 3, name)(x)
    return keras.Model(inputs, _flat(x))


@small_model()
def bounded_activations() -> keras.Model:
    inputs = x = sequence()
    names = ("sigmoid", "hard_sigmoid", "tanh", "softsign", "relu6", "hard_silu", "log_sigmoid")
    for name in names:
        x = _conv(4, 3, name)(x)
    return keras.Model(inputs, _flat(x))


@small_model()
def exponential_first() -> keras.Model:
    """The exponential first layer of interpretable models."""
    inputs = sequence()
    x = layers.Conv1D(6, 7, padding="same", activation="exponential")(inputs)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(4)(x)))


@small_model()
def activation_objects() -> keras.Model:
    """Activations given as layers and functions, some with options."""
    inputs = sequence()
    x = _conv(5, 5, layers.LeakyReLU(negative_slope=0.2))(inputs)
    x = _conv(5, 3, keras.activations.leaky_relu)(x)
    x = _conv(5, 3, keras.activations.swish)(x)
    x = layers.Dense(4, activation=layers.ReLU(max_value=2.0))(x)
    return keras.Model(inputs, _flat(layers.Activation("linear")(x)))


@small_model()
def noise_and_dropout() -> keras.Model:
    inputs = x = sequence()
    for layer in (
        layers.GaussianNoise(0.1),
        layers.Dropout(0.2),
        layers.SpatialDropout1D(0.3),
        layers.GaussianDropout(0.1),
        layers.ActivityRegularization(0.01),
        layers.Identity(),
    ):
        x = layer(_conv(4, 3, "relu")(x))
    return keras.Model(inputs, _flat(x))


@small_model()
def raw_arithmetic() -> keras.Model:
    """Operators on Keras tensors, without a layer."""
    inputs = sequence()
    a, b = _conv(5, 5)(inputs), _conv(5, 3, "sigmoid")(inputs)
    x = a + b
    x = x * 1.5 - 0.25
    x = 1.0 - x / 2.0
    x = x * b - a
    x = x / (b + 1.0)
    x = x - ops.maximum(ops.minimum(x, a), 2.0 / (b + 1.0))
    return keras.Model(inputs, _flat(-x + ops.convert_to_tensor([0.5, 1.0, -1.0, 0.0, 2.0])))


@small_model()
def raw_functions() -> keras.Model:
    inputs = sequence()
    x = ops.relu(_conv(5, 5)(inputs))
    x = ops.concatenate([x, ops.gelu(_conv(3, 3)(x))], axis=-1)
    x = ops.leaky_relu(_conv(5, 3)(x), negative_slope=0.3)
    x = keras.activations.relu(_conv(5, 3)(x), max_value=3.0)
    x = ops.log1p(ops.square(x)) + ops.exp(-ops.absolute(x)) + x**2
    x = ops.softmax(ops.maximum(x, 0.0))
    return keras.Model(inputs, _flat(ops.tanh(x)))


@small_model()
def raw_reductions() -> keras.Model:
    inputs = sequence()
    x = _conv(5, 5, "relu")(inputs)
    mean, best = ops.mean(x, axis=1), ops.max(x, axis=1, keepdims=True)
    total = ops.sum(_conv(2, 1)(x), axis=1)
    x = ops.concatenate([mean, ops.squeeze(best, axis=1), total], axis=-1)
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model()
def raw_slices() -> keras.Model:
    """Crops written as slices, and a reshape as an op."""
    inputs = sequence()
    x = _conv(5, 5, "relu")(inputs)
    x = x[:, 3:-4] + x[:, 7:, :]
    x = ops.reshape(x[:, :20], (-1, 100))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))
