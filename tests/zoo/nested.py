"""Models inside models, and layers used more than once."""

from __future__ import annotations

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


def _block(name: str, channels: int = 4, length: int | None = 40) -> keras.Model:
    inputs = keras.Input((length, channels), name="block_input")
    x = layers.Conv1D(5, 3, padding="same", activation="relu", name="conv")(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, x, name=name)


@small_model()
def nested_once() -> keras.Model:
    inputs = sequence()
    x = _block("encoder")(inputs)
    x = layers.MaxPooling1D(4)(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model()
def nested_twice() -> keras.Model:
    """A model in a model in the model, layer names repeated at every level."""
    middle_input = keras.Input((40, 4), name="block_input")
    x = _block("inner")(middle_input)
    x = layers.Conv1D(4, 5, padding="same", activation="relu", name="conv")(x)
    middle = keras.Model(middle_input, x, name="middle")
    inputs = sequence()
    x = layers.Conv1D(4, 3, padding="same", name="conv")(inputs)
    x = middle(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model()
def nested_shared() -> keras.Model:
    """One nested model called on two values."""
    inputs = sequence()
    block = _block("siamese")
    other = layers.Conv1D(4, 5, padding="same", activation="tanh")(inputs)
    x = layers.Subtract()([block(inputs), block(other)])
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model()
def nested_at_two_lengths() -> keras.Model:
    """One nested model for any length, called on values of two lengths."""
    inputs = sequence()
    block = _block("any_length", length=None)
    whole = layers.GlobalMaxPooling1D()(block(inputs))
    part = layers.GlobalAveragePooling1D()(block(layers.Cropping1D((4, 9))(inputs)))
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Concatenate()([whole, part])))


@small_model()
def nested_several() -> keras.Model:
    """A nested model of two inputs and two outputs."""
    left, right = keras.Input((40, 4), name="left"), keras.Input((40, 5), name="right")
    mixed = layers.Concatenate()([left, right])
    pooled = layers.GlobalMaxPooling1D()(right)
    inner = keras.Model([left, right], [mixed, pooled], name="mixer")
    inputs = sequence()
    x = layers.Conv1D(5, 3, padding="same", activation="relu")(inputs)
    mixed, pooled = inner([inputs, x])
    track = layers.Conv1D(2, 3, padding="same", name="track")(mixed)
    return keras.Model(inputs, [track, layers.Dense(1, name="label")(pooled)])


@small_model()
def nested_whole_head() -> keras.Model:
    """The stop layer lies inside the nested model."""
    head_input = keras.Input((20, 5))
    head = layers.Dense(6, activation="relu")(layers.Flatten()(head_input))
    head = keras.Model(head_input, layers.Dense(2)(head), name="classifier")
    inputs = sequence()
    x = layers.MaxPooling1D(2)(layers.Conv1D(5, 5, padding="same", activation="relu")(inputs))
    return keras.Model(inputs, head(x))


@small_model()
def nested_sequential() -> keras.Model:
    """A Sequential inside a Sequential."""
    motifs = keras.Sequential(
        [
            keras.Input((40, 4)),
            layers.Conv1D(6, 5, activation="relu", name="conv"),
            layers.MaxPooling1D(3),
        ],
        name="motifs",
    )
    head = [layers.Flatten(), layers.Dense(2, name="head")]
    return keras.Sequential([keras.Input((40, 4), name="dna"), motifs, *head], name="outer")


@small_model(opaque=["encoder/memory"])
def nested_opaque() -> keras.Model:
    """A layer without a rule inside a nested model."""
    inner_input = keras.Input((20, 5))
    memory = layers.LSTM(4, name="memory")(inner_input)
    inner = keras.Model(inner_input, memory, name="encoder")
    inputs = sequence()
    x = layers.MaxPooling1D(2)(layers.Conv1D(5, 5, padding="same", activation="relu")(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(inner(x)))


@small_model()
def shared_layer() -> keras.Model:
    """One convolution and one activation called three times."""
    inputs = sequence()
    conv = layers.Conv1D(4, 3, padding="same", name="conv")
    activation = layers.Activation("relu", name="act")
    x = inputs
    for _ in range(3):
        x = activation(conv(x))
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Flatten()(x)))


@small_model()
def shared_strands() -> keras.Model:
    """Forward and reverse complement through one trunk, the maximum of both."""
    inputs, reverse = sequence(), keras.Input((40, 4), name="reverse")
    conv = layers.Conv1D(5, 7, activation="relu", name="motifs")
    dense = layers.Dense(2, name="head")
    pool = layers.GlobalMaxPooling1D(name="best")
    x = layers.Maximum()([dense(pool(conv(inputs))), dense(pool(conv(reverse)))])
    return keras.Model([inputs, reverse], x)
