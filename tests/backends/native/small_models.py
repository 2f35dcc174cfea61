"""Small models that between them use every form of native loops."""

from __future__ import annotations

import keras
from keras import layers

from fastism.testing.random_models import randomize


def profile_heads() -> keras.Model:
    """Dilated, grouped and strided convolutions; profiles of few filters and many taps."""
    x = inputs = keras.Input((64, 4), name="sequence")
    x = layers.Conv1D(34, 7, padding="same", activation="relu")(x)
    x = layers.Conv1D(6, 3, dilation_rate=7, padding="same", activation="relu")(x)
    x = layers.Conv1D(8, 3, dilation_rate=4, groups=2, padding="causal", activation="relu")(x)
    two = layers.Conv1D(2, 15, padding="same", name="two")(x)
    one = layers.Conv1D(1, 12, padding="valid", name="one")(x)
    sum_of_rows = layers.Dense(1, name="count")(layers.Flatten()(layers.Conv1D(3, 5, strides=3)(x)))
    model = keras.Model(inputs, [two, one, sum_of_rows])
    randomize(model, 7)
    return model


def parts_of_rows() -> keras.Model:
    """Channels side by side, taken apart and turned round; gates a channel and a position."""
    x = inputs = keras.Input((36, 4), name="sequence")
    x = layers.Conv1D(19, 5, padding="same", activation="relu")(x)
    few = layers.Conv1D(5, 3, padding="same", activation="tanh")(x)
    x = layers.Concatenate()([few, x, layers.Activation("sigmoid")(few)])
    x = layers.Add()([x[:, :, 10:], x[:, :, 18::-1]])
    x = layers.Multiply()([x, few[:, :, :1]])
    gate = layers.Dense(19, activation="sigmoid")(layers.GlobalAveragePooling1D(keepdims=True)(x))
    x = layers.Cropping1D((1, 3))(x * gate)
    pools = [layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]
    model = keras.Model(inputs, layers.Dense(3)(layers.Concatenate()(pools)))
    randomize(model, 7)
    return model


def rows_elsewhere() -> keras.Model:
    """Rows repeated, skipped and turned round; norms and softmax over the channels of each."""
    x = inputs = keras.Input((36, 4), name="sequence")
    x = layers.LayerNormalization()(layers.Conv1D(18, 5, padding="same", activation="relu")(x))
    y = layers.Activation("tanh")(layers.MaxPooling1D(3)(x))
    x = layers.Add()([x, layers.UpSampling1D(3)(y)])
    x = layers.RMSNormalization()(layers.Add()([x, x[:, ::-1]]))
    model = keras.Model(inputs, layers.Softmax()(x[:, 1::2]))
    randomize(model, 7)
    return model


def padded_means() -> keras.Model:
    """Means over fewer positions at the edges, masked rows; sines, powers and their like."""
    inputs = keras.Input((36, 4), name="sequence")
    x = layers.Conv1D(19, 5, padding="same")(layers.Masking()(inputs))
    x = layers.AveragePooling1D(5, strides=2, padding="same")(layers.Activation("celu")(x))
    x = keras.ops.sin(x) + keras.ops.cos(x) ** 2.0
    x = keras.ops.log1p(layers.AveragePooling1D(3, strides=1, padding="same")(x) ** 2.0)
    model = keras.Model(inputs, layers.Conv1D(3, 3, strides=2)(x))
    randomize(model, 7)
    return model


def other_shapes() -> keras.Model:
    """Positions joined and split; channels left out; axes in another order; flattened inside."""
    inputs = keras.Input((36, 4), name="sequence")
    x = layers.Conv1D(16, 5, padding="same", activation="relu")(inputs)
    x = layers.Permute((1, 3, 2))(layers.Reshape((36, 2, 8))(x))  # channels shuffled
    x = layers.Conv1D(12, 3, padding="same")(layers.Reshape((18, 32))(x))
    x = layers.Conv1DTranspose(17, 2, strides=2, activation="tanh")(layers.Reshape((24, 9))(x))
    y = layers.Permute((2, 1, 3))(layers.Reshape((12, 4, 6))(x[:, :, ::-3]))  # and positions
    y = layers.Permute((2, 1))(layers.Conv1D(5, 1)(layers.Reshape((48, 6))(y)))
    y = layers.Flatten()(layers.LayerNormalization()(layers.Dense(6)(y)))
    model = keras.Model(inputs, layers.Dense(3)(layers.Activation("gelu")(y)))
    randomize(model, 7)
    return model


OWN = {
    each.__name__: each
    for each in (profile_heads, parts_of_rows, rows_elsewhere, padded_means, other_shapes)
}
