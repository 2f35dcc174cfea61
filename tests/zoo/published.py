"""Published architectures in small, and models built for any length."""

from __future__ import annotations

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


def _conv(filters: int, width: int, **options: object) -> keras.Layer:
    return layers.Conv1D(filters, width, **{"padding": "same", **options})


@small_model()
def basset() -> keras.Model:
    """Convolutions, normalization and pools under dense layers."""
    inputs = x = sequence(72)
    for filters, width, pool in ((8, 11, 3), (7, 7, 4), (6, 5, 2)):
        x = layers.BatchNormalization()(_conv(filters, width)(x))
        x = layers.MaxPooling1D(pool)(layers.Activation("relu")(x))
    x = layers.Flatten()(x)
    for units in (9, 8):
        x = layers.Activation("relu")(layers.BatchNormalization()(layers.Dense(units)(x)))
        x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, layers.Dense(3, activation="sigmoid", name="peaks")(x))


@small_model()
def bpnet() -> keras.Model:
    """Dilated residual layers, valid, cropped to the centre; profile and counts."""
    inputs = sequence(80)
    x = layers.Conv1D(6, 9, activation="relu", name="motifs")(inputs)
    for dilation in (2, 4, 8):
        y = layers.Conv1D(6, 3, dilation_rate=dilation, activation="relu")(x)
        x = layers.Add()([layers.Cropping1D(dilation)(x), y])
    profile = layers.Cropping1D(5)(layers.Conv1D(1, 7, name="profile_conv")(x))
    profile = layers.Flatten(name="profile")(profile)
    counts = layers.Dense(1, name="counts")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, [profile, counts])


@small_model()
def bpnet_same() -> keras.Model:
    """The original form: same padding, and tracks of a second input at the heads."""
    inputs = sequence(60)
    control, total = keras.Input((60, 2), name="control"), keras.Input((1,), name="log_total")
    x = _conv(6, 9, activation="relu")(inputs)
    for dilation in (2, 4, 8):
        x = layers.Add()([x, _conv(6, 3, dilation_rate=dilation, activation="relu")(x)])
    profile = layers.Concatenate()([_conv(2, 7)(x), control])
    profile = layers.Conv1D(2, 1, name="profile")(profile)
    counts = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), total])
    return keras.Model([inputs, control, total], [profile, layers.Dense(1, name="counts")(counts)])


def _splice_unit(x: keras.KerasTensor, width: int, dilation: int) -> keras.KerasTensor:
    y = x
    for _ in range(2):
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
        y = _conv(5, width, dilation_rate=dilation)(y)
    return layers.Add()([x, y])


def _splice(length: int | None) -> keras.Model:
    inputs = sequence(length)
    x = _conv(5, 1)(inputs)
    skip = _conv(5, 1)(x)
    for width, dilation in ((3, 1), (3, 4), (4, 5)):
        x = _splice_unit(x, width, dilation)
        skip = layers.Add()([skip, _conv(5, 1)(x)])
    skip = layers.Cropping1D(20)(skip)
    return keras.Model(inputs, layers.Conv1D(3, 1, activation="softmax", name="splice")(skip))


@small_model()
def spliceai() -> keras.Model:
    """Residual units of dilated convolutions, skips collected and cropped."""
    return _splice(70)


@small_model(length=64)
def spliceai_any_length() -> keras.Model:
    return _splice(None)


@small_model(length=45)
def any_length_pooled() -> keras.Model:
    inputs = sequence(None)
    x = _conv(6, 5, activation="relu")(inputs)
    x = layers.MaxPooling1D(4, padding="same")(x)
    x = _conv(5, 4, activation="relu", strides=2)(x)
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


@small_model(length=36, opaque=["memory"])
def any_length_memory() -> keras.Model:
    """A second input of the same free length, and a layer without a rule."""
    inputs, track = sequence(None), keras.Input((None, 1), name="track")
    x = _conv(5, 5, activation="relu")(layers.Concatenate()([inputs, track]))
    x = layers.GRU(4, return_sequences=True, name="memory")(x)
    return keras.Model([inputs, track], layers.Conv1D(2, 1, name="profile")(x))


@small_model()
def deepsea() -> keras.Model:
    """Valid convolutions and pools under dense layers."""
    inputs = x = sequence(64)
    for filters, pool in ((7, 4), (6, 2)):
        x = layers.Conv1D(filters, 8, activation="relu")(x)
        x = layers.Dropout(0.2)(layers.MaxPooling1D(pool)(x))
    x = layers.Dense(9, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(4, activation="sigmoid")(x))


@small_model()
def enformer_stem() -> keras.Model:
    """Residual blocks of norm, GELU and convolution, with pools between."""
    inputs = sequence(64)
    x = _conv(6, 15)(inputs)
    for filters in (6, 8):
        x = _conv(filters, 5)(layers.Activation("gelu")(layers.BatchNormalization()(x)))
        y = _conv(filters, 1)(layers.Activation("gelu")(layers.BatchNormalization()(x)))
        x = layers.MaxPooling1D(2, padding="same")(layers.Add()([x, y]))
    x = layers.Cropping1D(3)(x)
    return keras.Model(inputs, layers.Dense(2, activation="softplus", name="tracks")(x))
