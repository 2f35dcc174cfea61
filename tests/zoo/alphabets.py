"""Other alphabets than the four bases."""

from __future__ import annotations

from tests.zoo.common import keras, layers
from tests.zoo.registry import small_model


@small_model()
def protein() -> keras.Model:
    """Twenty letters, and more of them than filters."""
    inputs = keras.Input((30, 20), name="residues")
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.Conv1D(5, 3, activation="tanh")(layers.MaxPooling1D(2)(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@small_model()
def five_letters() -> keras.Model:
    """A, C, G, T, and a letter of its own for what is unknown."""
    inputs = keras.Input((32, 5), name="sequence")
    x = layers.Conv1D(6, 7, padding="same", activation="relu")(inputs)
    return keras.Model(inputs, layers.Conv1D(3, 4, strides=2, padding="same")(x))
