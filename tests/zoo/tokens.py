"""Models over token numbers, which embeddings read."""

from __future__ import annotations

from tests.zoo.common import keras, layers, ops
from tests.zoo.registry import small_model

TOKENS = 6


def tokens(
    length: int | None = 24, dtype: str = "int32", name: str = "tokens"
) -> keras.KerasTensor:
    """The input: (N, length) numbers."""
    return keras.Input((length,), dtype=dtype, name=name)


def embedded(
    length: int | None = 24, *, mask_zero: bool = False, dtype: str = "int32", name: str = "tokens"
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """The input, and five numbers for every token."""
    inputs = tokens(length, dtype, name)
    return inputs, layers.Embedding(TOKENS, 5, mask_zero=mask_zero)(inputs)


@small_model()
def token_convolution() -> keras.Model:
    inputs, x = embedded()
    x = layers.MaxPooling1D(2)(layers.Conv1D(6, 5, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))


@small_model(length=30)
def token_any_length() -> keras.Model:
    """Tokens as floating numbers, as many as are given; two tables, one smaller."""
    inputs, x = embedded(None, dtype="float32")
    y = layers.Embedding(TOKENS + 1, 4)(inputs)
    x = layers.Conv1D(6, 5, activation="relu")(layers.Concatenate()([x, y]))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalMaxPooling1D()(x)))


@small_model()
def token_nested() -> keras.Model:
    """An embedding in a nested model, and a smaller one beside it."""
    inner, x = embedded(name="inner")
    encoder = keras.Model(inner, layers.Conv1D(4, 3, activation="relu")(x), name="encoder")
    inputs = tokens()
    x = layers.Add()([encoder(inputs), layers.Conv1D(4, 3)(layers.Embedding(4, 5)(inputs))])
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


@small_model(opaque=["get_item", "last"])
def token_numbers() -> keras.Model:
    """The numbers themselves are read as well."""
    inputs, x = embedded()
    x = layers.GlobalMaxPooling1D()(layers.Conv1D(6, 5, activation="relu")(x))
    numbers = layers.Lambda(lambda t: t[:, -1:], name="last")(inputs)
    few = ops.concatenate([inputs[:, :3], numbers], axis=1)
    return keras.Model(inputs, layers.Dense(2)(layers.Concatenate()([x, ops.cast(few, "float32")])))


@small_model(opaque=["other_table"])
def token_beside() -> keras.Model:
    """A second input of tokens, which is not edited: its embedding runs once."""
    inputs, x = embedded()
    other = tokens(name="other")
    y = layers.Embedding(TOKENS, 5, name="other_table")(other)
    x = layers.Conv1D(6, 5, activation="relu")(layers.Add()([x, y]))
    return keras.Model([inputs, other], layers.Dense(2)(layers.Flatten()(x)))
