"""Layers of Keras that few models have: local where they are products or pools, else whole."""

from __future__ import annotations

from tests.zoo.common import LENGTH, keras, layers, ops, sequence
from tests.zoo.registry import small_model


def _track(x: keras.KerasTensor, filters: int = 6) -> keras.KerasTensor:
    return layers.Conv1D(filters, 3, padding="same", activation="relu")(x)


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@small_model()
def written_products() -> keras.Model:
    """Dense layers by another name, and a convolution with its kernel normalized in training."""
    inputs = sequence()
    x = layers.SpectralNormalization(layers.Conv1D(6, 3, activation="relu"))(inputs)
    heads = layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de", activation="tanh")(x)
    x = layers.Reshape((LENGTH - 2, 6))(heads)
    x = layers.EinsumDense("...c,cd->...d", (5,))(x)
    x = layers.TimeDistributed(keras.Sequential([layers.Dense(4, activation="relu")]))(x)
    return keras.Model(inputs, _flat(x))


@small_model()
def parts_of_layers() -> keras.Model:
    """Splits, stacks, rolls and several results, as code between layers has them."""
    inputs = sequence()
    value, gate = ops.split(_track(inputs), 2, axis=-1)
    x = ops.concatenate([value * ops.sigmoid(gate), ops.roll(value, 2, axis=1)], axis=-1)
    mean, variance = ops.moments(x, axes=[-1], keepdims=True)
    x = _track((x - mean) / ops.sqrt(variance + 0.1))
    first, *rest = ops.unstack(ops.reshape(x, (-1, LENGTH // 2, 2, 6)), axis=2)
    return keras.Model(inputs, _flat(ops.stack([first, ops.tanh(rest[0])], axis=-1)))


@small_model()
def channels_first_head() -> keras.Model:
    """Flattened with the channels in front, as networks from other frameworks are."""
    inputs = sequence()
    x = layers.MaxPooling1D(4)(_track(inputs))
    turned = layers.Activation("relu")(layers.Permute((2, 1))(layers.Conv1D(5, 3)(x)))
    return keras.Model(inputs, _flat(turned))


@small_model(opaque=["memory", "states", "grouped", "similar"])
def whole_layers() -> keras.Model:
    """Recurrence, attention in groups, products of two values."""
    inputs = sequence()
    x = _track(inputs)
    memory = layers.SimpleRNN(3, return_sequences=True, name="memory")(x)
    states = layers.RNN(layers.StackedRNNCells([layers.GRUCell(3)]), name="states")(x)
    grouped = layers.GroupQueryAttention(2, 2, 1, name="grouped")(x, x)
    similar = layers.Dot(axes=2, name="similar")([x, grouped])
    parts = [layers.GlobalMaxPooling1D()(memory), states, layers.Flatten()(similar)]
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Concatenate()(parts)))
