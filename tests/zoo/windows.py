"""Pools, crops, padding and upsampling at every awkward length."""

from __future__ import annotations

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@small_model()
def pool_even() -> keras.Model:
    inputs = sequence(48)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling1D(4)(x)
    x = layers.Conv1D(5, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(3)(x)))


@small_model()
def pool_remainder() -> keras.Model:
    """Valid pools that leave positions over."""
    inputs = sequence(41)
    x = layers.Conv1D(6, 4, activation="relu")(inputs)
    x = layers.MaxPooling1D(3)(x)
    x = layers.Conv1D(5, 3, activation="relu")(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(4)(x)))


@small_model()
def pool_same() -> keras.Model:
    inputs = sequence(41)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling1D(3, padding="same")(x)
    x = layers.Conv1D(5, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(5, padding="same")(x)))


@small_model()
def pool_overlapping() -> keras.Model:
    """Strides smaller than the pool."""
    inputs = sequence()
    x = layers.Conv1D(6, 3, activation="relu")(inputs)
    x = layers.MaxPooling1D(4, strides=2)(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(3, strides=1, padding="same")(x)))


@small_model()
def pool_skipping() -> keras.Model:
    """Strides wider than the pool: some positions are never read."""
    inputs = sequence(43)
    x = layers.Conv1D(6, 3, activation="relu")(inputs)
    x = layers.MaxPooling1D(2, strides=3)(x)
    return keras.Model(inputs, _flat(layers.AveragePooling1D(1, strides=2)(x)))


@small_model()
def pool_average() -> keras.Model:
    inputs = sequence(42)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.AveragePooling1D(3)(x)
    x = layers.Conv1D(5, 3, padding="same", activation="relu")(x)
    return keras.Model(inputs, _flat(layers.AveragePooling1D(4, strides=3)(x)))


@small_model()
def pool_average_same() -> keras.Model:
    """The edge divides by fewer positions."""
    inputs = sequence(41)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.AveragePooling1D(5, strides=2, padding="same")(x)
    return keras.Model(inputs, _flat(layers.AveragePooling1D(4, padding="same")(x)))


@small_model()
def pool_of_negatives() -> keras.Model:
    """Max pools over values of both signs, padding included, and straight over the input."""
    inputs = sequence(35)
    x = layers.MaxPooling1D(2, strides=1, padding="same")(inputs)
    x = layers.Conv1D(6, 5, padding="same")(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(4, strides=3, padding="same")(x)))


@small_model()
def crop_first() -> keras.Model:
    inputs = sequence()
    x = layers.Cropping1D((5, 7))(inputs)
    return keras.Model(inputs, _flat(layers.Conv1D(5, 5, padding="same", activation="relu")(x)))


@small_model()
def crop_between() -> keras.Model:
    inputs = sequence(50)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.Cropping1D((3, 0))(x)
    x = layers.Conv1D(5, 3, padding="same", activation="relu")(x)
    x = layers.Cropping1D((0, 9))(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(3)(x)))


@small_model()
def crop_last() -> keras.Model:
    """Most of what a mutation changes is never read."""
    inputs = sequence(60)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.Conv1D(3, 3, padding="same", dilation_rate=4)(x)
    return keras.Model(inputs, layers.Cropping1D(20)(x))


@small_model()
def pad_everywhere() -> keras.Model:
    inputs = sequence()
    x = layers.ZeroPadding1D((2, 5))(inputs)
    x = layers.Conv1D(6, 5, activation="relu")(x)
    x = layers.ZeroPadding1D(1)(x)
    x = layers.MaxPooling1D(2)(x)
    return keras.Model(inputs, _flat(layers.Conv1D(4, 3, activation="relu")(x)))


@small_model()
def unet() -> keras.Model:
    """Down, up again, and joined across."""
    inputs = sequence(48)
    wide = layers.Conv1D(5, 5, padding="same", activation="relu")(inputs)
    middle = layers.Conv1D(6, 3, padding="same", activation="relu")(layers.MaxPooling1D(2)(wide))
    deep = layers.Conv1D(7, 3, padding="same", activation="relu")(layers.MaxPooling1D(3)(middle))
    x = layers.Concatenate()([layers.UpSampling1D(3)(deep), middle])
    x = layers.Conv1D(6, 3, padding="same", activation="relu")(x)
    x = layers.Concatenate()([layers.UpSampling1D(2)(x), wide])
    return keras.Model(inputs, layers.Conv1D(2, 1, name="track")(x))


@small_model()
def upsampled_input() -> keras.Model:
    inputs = sequence(30)
    x = layers.UpSampling1D(2)(inputs)
    x = layers.Conv1D(5, 4, padding="same", activation="relu")(x)
    return keras.Model(inputs, _flat(layers.MaxPooling1D(3)(x)))
