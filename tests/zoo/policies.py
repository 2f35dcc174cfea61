"""Models in other element types than float32: whole, mixed, and layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model


@contextmanager
def policy(name: str) -> Iterator[None]:
    """Build layers under a dtype policy of Keras."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def mixture(name: str) -> keras.Model:
    """Most kinds of layer, all under one policy; the last output in float32."""
    with policy(name):
        inputs = sequence()
        x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
        x = layers.AveragePooling1D(3, 2, padding="same")(layers.BatchNormalization()(x))
        x = layers.LayerNormalization()(layers.Conv1D(6, 3, activation="gelu")(x))
        x = x + layers.Conv1D(6, 3, padding="same", dilation_rate=2)(x) * 0.5
        track = layers.Dense(2, name="track")(x)
        total = layers.Dense(2, name="total")(layers.GlobalAveragePooling1D()(x))
        flat = layers.Flatten()(layers.MaxPooling1D(2)(x))
        classes = layers.Dense(3, activation="softmax", dtype="float32", name="classes")(flat)
        return keras.Model(inputs, [track, total, classes])


@small_model(computes_in="float16")
def policy_mixed_float16() -> keras.Model:
    return mixture("mixed_float16")


@small_model(computes_in="bfloat16")
def policy_mixed_bfloat16() -> keras.Model:
    return mixture("mixed_bfloat16")


@small_model(computes_in="float16")
def policy_float16() -> keras.Model:
    return mixture("float16")


@small_model(computes_in="bfloat16")
def policy_bfloat16() -> keras.Model:
    return mixture("bfloat16")


@small_model()
def policy_float64() -> keras.Model:
    return mixture("float64")


@small_model()
def policies_meet() -> keras.Model:
    """Branches of two precisions that meet: Keras casts on the way into a layer."""
    inputs = sequence(30)
    wide = layers.Conv1D(4, 5, padding="same", dtype="float64", activation="tanh")(inputs)
    narrow = layers.Conv1D(4, 3, padding="same", activation="tanh")(inputs)
    x = layers.Add(dtype="float64")([wide, narrow])
    x = layers.Conv1D(3, 3, activation="relu")(x)
    nested = keras.Sequential(
        [keras.Input((28, 3), dtype="float64"), layers.Dense(4, dtype="float64")], name="inner"
    )
    x = ops.cast(nested(x), "float32")
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalMaxPooling1D()(x)))


@small_model(opaque=["memory"], computes_in="bfloat16")
def policy_half_recurrent() -> keras.Model:
    """A live layer in half precision behind a local front."""
    with policy("mixed_bfloat16"):
        inputs = sequence(30)
        x = layers.MaxPooling1D(2)(layers.Conv1D(5, 5, activation="relu")(inputs))
        return keras.Model(inputs, layers.Dense(2)(layers.LSTM(4, name="memory")(x)))
