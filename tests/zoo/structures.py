"""Graphs of odd shapes: structures of inputs, inputs read twice or never, classes of models."""

from __future__ import annotations

from tests.zoo.common import CHANNELS, keras, layers, ops, sequence
from tests.zoo.registry import small_model


@small_model()
def inputs_nested() -> keras.Model:
    """A tuple in a dict: the sequence, a sequence that is not edited, and a vector."""
    dna, other, vector = sequence(30), sequence(30, "other"), keras.Input((3,), name="vector")
    x = layers.Conv1D(5, 5, padding="same", activation="relu")(dna)
    x = layers.Add()([x, layers.Conv1D(5, 3, padding="same")(other)])
    x = layers.Multiply()([x, layers.Reshape((1, 5))(layers.Dense(5)(vector))])
    head = layers.Dense(2, name="head")(layers.GlobalAveragePooling1D()(x))
    return keras.Model({"a_pair": (dna, other), "vector": vector}, {"heads": (head, x)})


@small_model()
def input_read_again() -> keras.Model:
    """The last layer reads the raw input beside a whole value."""
    inputs = sequence(30)
    x = layers.GlobalMaxPooling1D()(layers.Conv1D(6, 5, activation="relu")(inputs))
    return keras.Model(inputs, layers.Dense(2)(layers.Concatenate()([x, layers.Flatten()(inputs)])))


@small_model()
def input_unused() -> keras.Model:
    """An input that only an output of no interest to the edit reads."""
    inputs, other = sequence(30), keras.Input((4,), name="other")
    x = layers.Dense(2)(layers.Flatten()(layers.Conv1D(4, 5, activation="relu")(inputs)))
    return keras.Model([inputs, other], [x, layers.Dense(2)(other)])


@small_model()
def sites_without_effect() -> keras.Model:
    """Most of the sequence is cropped away, far more than a convolution reaches."""
    inputs = sequence()
    x = layers.Conv1D(4, 5, padding="same", activation="relu")(inputs)
    x = layers.Conv1D(3, 3, padding="same", activation="tanh")(layers.Cropping1D((15, 18))(x))
    return keras.Model(inputs, x)


@small_model()
def norm_first() -> keras.Model:
    """Batch norm and an activation before the first convolution."""
    inputs = sequence(30)
    x = layers.Activation("gelu")(layers.BatchNormalization()(inputs))
    x = layers.MaxPooling1D(2)(layers.Conv1D(5, 5, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@small_model(opaque=["block/lstm"])
def nested_outputs_unused() -> keras.Model:
    """A nested model of three outputs called on two inputs; of each call another one is read."""
    inner = keras.Input((30, CHANNELS))
    x = layers.Conv1D(4, 5, padding="same", activation="relu")(inner)
    pooled = layers.GlobalMaxPooling1D()(x)
    block = keras.Model(inner, [x, layers.LSTM(3)(x), pooled], name="block")
    first, second = sequence(30), sequence(30, "second")
    local, _, _ = block(first)
    _, _, total = block(second)
    x = layers.Add()([local, layers.Reshape((1, 4))(total)])
    return keras.Model([first, second], layers.Dense(2)(layers.Flatten()(x)))


class Named(keras.Model):
    """A model of a class of the user's, with a graph of layers all the same."""


@small_model()
def functional_subclass() -> keras.Model:
    inputs = sequence(30)
    x = layers.Conv1D(5, 5, activation="relu")(inputs)
    return Named(inputs=inputs, outputs=layers.Dense(2)(layers.GlobalMaxPooling1D()(x)))


@small_model(opaque=["memory", "attention", "scores", "pooled"])
def stops_in_a_row() -> keras.Model:
    """A local front, then everything that mixes positions."""
    inputs = sequence(36)
    x = layers.MaxPooling1D(3)(layers.Conv1D(6, 7, padding="same", activation="relu")(inputs))
    x = layers.LayerNormalization(name="local_norm")(x)
    memory = layers.GRU(3, return_sequences=True)
    x = layers.Bidirectional(memory, name="memory")(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 3, name="attention")(x, x)])
    x = layers.Add()([x, layers.Dense(6)(layers.Dense(8, activation="gelu")(x))])
    x = layers.AdditiveAttention(name="scores")([x, x])
    x = layers.LSTM(4, name="pooled")(x)
    return keras.Model(inputs, [layers.Dense(2)(x), ops.mean(x, axis=-1, keepdims=True)])
