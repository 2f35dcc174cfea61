"""What follows the local part: global pools, dense stacks, several outputs, or nothing."""

from __future__ import annotations

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


def _trunk(inputs: keras.KerasTensor) -> keras.KerasTensor:
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    return layers.Conv1D(5, 3, padding="same", activation="relu")(layers.MaxPooling1D(2)(x))


@small_model()
def global_average() -> keras.Model:
    inputs = sequence()
    x = layers.GlobalAveragePooling1D()(_trunk(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model()
def global_maximum() -> keras.Model:
    inputs = sequence()
    x = layers.GlobalMaxPooling1D()(_trunk(inputs))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


@small_model()
def global_both_keepdims() -> keras.Model:
    inputs = sequence()
    x = _trunk(inputs)
    pools = [layers.GlobalMaxPooling1D(keepdims=True), layers.GlobalAveragePooling1D(keepdims=True)]
    x = layers.Concatenate()([pool(x) for pool in pools])
    return keras.Model(inputs, layers.Conv1D(3, 1, name="head")(x))


@small_model()
def global_of_input() -> keras.Model:
    """No local part at all: the stop layer reads the input."""
    inputs = sequence()
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling1D()(inputs)))


@small_model()
def dense_only() -> keras.Model:
    inputs = sequence(30)
    x = layers.Dense(8, activation="relu")(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(2, activation="sigmoid")(x))


@small_model()
def flatten_dense_stack() -> keras.Model:
    inputs = sequence()
    x = layers.Flatten()(_trunk(inputs))
    x = layers.Dense(9, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


@small_model()
def flatten_norm_dense() -> keras.Model:
    """Batch norm and an activation between the flatten and the dense layer."""
    inputs = sequence()
    x = layers.Flatten()(_trunk(inputs))
    x = layers.BatchNormalization()(x)
    x = layers.Activation("elu")(x)
    return keras.Model(inputs, layers.Dense(2)(x))


@small_model()
def flatten_twice() -> keras.Model:
    """Two dense layers read one flatten, and one of them also another."""
    inputs = sequence()
    x = _trunk(inputs)
    flat = layers.Flatten()(x)
    other = layers.Flatten()(layers.Conv1D(2, 4, activation="relu")(inputs))
    joined = layers.Concatenate()([flat, other])
    return keras.Model(inputs, [layers.Dense(2)(flat), layers.Dense(3)(joined)])


@small_model()
def flatten_only() -> keras.Model:
    inputs = sequence()
    return keras.Model(inputs, layers.Flatten()(_trunk(inputs)))


@small_model()
def reshape_head() -> keras.Model:
    """A reshape in a flatten's place."""
    inputs = sequence()
    x = layers.Reshape((-1,))(_trunk(inputs))
    return keras.Model(inputs, layers.Dense(2)(x))


@small_model()
def reshape_channels() -> keras.Model:
    """A reshape that keeps the positions, and one that folds them."""
    inputs = sequence()
    x = layers.Conv1D(6, 3, padding="same", activation="relu")(inputs)
    x = layers.Reshape((40, 2, 3))(x)
    x = layers.Reshape((40, 6))(x)
    x = layers.Conv1D(4, 3, padding="same", activation="relu")(x)
    x = layers.Reshape((20, 8))(x)
    return keras.Model(inputs, layers.Conv1D(2, 3, name="head")(x))


@small_model()
def local_and_global_outputs() -> keras.Model:
    inputs = sequence()
    x = _trunk(inputs)
    track = layers.Conv1D(2, 1, activation="softplus", name="track")(x)
    label = layers.Dense(1, activation="sigmoid", name="label")(layers.Flatten()(x))
    return keras.Model(inputs, [track, label])


@small_model()
def outputs_at_every_depth() -> keras.Model:
    """Outputs that are also read on, one of them twice over, and the input itself."""
    inputs = sequence(30)
    first = layers.Conv1D(4, 3, padding="same", activation="relu", name="first")(inputs)
    second = layers.Conv1D(3, 5, activation="relu", name="second")(first)
    pooled = layers.GlobalMaxPooling1D(name="pooled")(second)
    return keras.Model(inputs, [pooled, first, second, first, inputs])


@small_model()
def outputs_tuple() -> keras.Model:
    inputs = sequence()
    x = _trunk(inputs)
    heads = tuple(
        layers.Dense(units, name=f"head_{units}")(layers.Flatten()(x)) for units in (1, 2, 3)
    )
    return keras.Model(inputs, heads)
