"""A few small models, together of every way a plan can take, for backends to be tried on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
from keras import layers, ops

from fastism.testing.random_models import random_model, randomize


def _finished(inputs: keras.KerasTensor, outputs: object, seed: int) -> keras.Model:
    model = keras.Model(inputs, outputs)
    randomize(model, seed)
    return model


def pooled_chain() -> keras.Model:
    """Strides, padding, overlapping and touching pools, batch normalization; flatten and dense."""
    x = inputs = keras.Input((40, 4), name="sequence")
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(x)
    x = layers.BatchNormalization()(layers.MaxPooling1D(3, strides=2, padding="same")(x))
    x = layers.AveragePooling1D(2)(layers.Conv1D(5, 3, activation="gelu")(x))
    return _finished(inputs, layers.Dense(2, activation="sigmoid")(layers.Flatten()(x)), 1)


def dilated_tower() -> keras.Model:
    """Residual dilated convolutions, cropped, to a profile, a count and a maximum."""
    x = inputs = keras.Input((48, 4), name="sequence")
    x = layers.Conv1D(6, 7, padding="same", activation="relu")(x)
    for rate in (1, 2, 4):
        y = layers.Conv1D(6, 3, dilation_rate=rate, padding="same", activation="relu")(x)
        x = layers.Add()([x, y])
    x = layers.Cropping1D(6)(x)
    profile = layers.Conv1D(2, 9, padding="same", name="profile")(x)
    count = layers.Dense(1, name="count")(layers.GlobalAveragePooling1D()(x))
    return _finished(inputs, [profile, count, layers.GlobalMaxPooling1D(name="most")(x)], 2)


def gated_branches() -> keras.Model:
    """Grouped and causal branches that multiply and meet, normalized over their channels."""
    x = inputs = keras.Input((36, 4), name="sequence")
    x = layers.Conv1D(6, 5, padding="same")(x)
    gate = layers.Conv1D(6, 3, padding="causal", activation="sigmoid")(x)
    x = layers.Multiply()([layers.Conv1D(6, 3, padding="same", groups=2)(x), gate])
    x = layers.LayerNormalization()(layers.Concatenate()([x, gate]))
    x = layers.UpSampling1D(2)(layers.MaxPooling1D(2)(layers.PReLU(shared_axes=[1])(x)))
    return _finished(inputs, layers.Conv1D(1, 1, name="track")(layers.ZeroPadding1D(1)(x)), 3)


def reverse_complement() -> keras.Model:
    """Both strands by one convolution, joined by a maximum; a softmax over channels."""
    inputs = keras.Input((30, 4), name="sequence")
    motifs = layers.Conv1D(5, 7, padding="same", activation="relu")
    x = layers.Maximum()([motifs(inputs), motifs(inputs[:, ::-1, ::-1])[:, ::-1]])
    x = layers.Softmax()(layers.Conv1D(4, 3, padding="valid", activation="elu")(x))
    return _finished(inputs, layers.Dense(3)(layers.Flatten()(x)), 4)


def recurrent_end() -> keras.Model:
    """A live layer that reads everything, behind windows."""
    x = inputs = keras.Input((32, 4), name="sequence")
    x = layers.MaxPooling1D(4)(layers.Conv1D(6, 5, activation="relu")(x))
    return _finished(inputs, layers.Dense(2)(layers.GRU(3)(x)), 5)


def excited_channels() -> keras.Model:
    """A value that is local and one that is changed everywhere, multiplied."""
    x = inputs = keras.Input((32, 4), name="sequence")
    x = layers.Conv1D(6, 5, padding="same", activation="softplus")(x)
    gate = layers.Dense(6, activation="sigmoid")(layers.GlobalAveragePooling1D(keepdims=True)(x))
    x = layers.Multiply()([x, gate])
    return _finished(inputs, layers.Dense(2)(ops.sum(x, axis=1)), 6)


MODELS: dict[str, Callable[[], keras.Model]] = {
    **{
        build.__name__: build
        for build in (
            pooled_chain,
            dilated_tower,
            gated_branches,
            reverse_complement,
            recurrent_end,
            excited_channels,
        )
    },
    **{f"random_{seed}": partial(random_model, seed, plain=True) for seed in (1, 2, 4)},
}
"""Builders by name; each returns the same model, weights included, every time."""
