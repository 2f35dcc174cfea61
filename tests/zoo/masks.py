"""Masks: made by Masking or an Embedding, carried out of sight, and read by who asks for them."""

from __future__ import annotations

from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model
from tests.zoo.tokens import embedded, tokens


@small_model(opaque=["average"])
def masked_local() -> keras.Model:
    """Local layers behind a mask: some hand it on, a convolution drops it."""
    inputs = sequence(30)
    x = layers.Dense(5, activation="relu")(layers.Masking(mask_value=0.0)(inputs))
    x = layers.BatchNormalization()(layers.Dropout(0.2)(x))
    average = layers.GlobalAveragePooling1D(name="average")(x)
    track = layers.Conv1D(3, 3, padding="same", name="track")(x)
    pooled = layers.GlobalAveragePooling1D(name="pooled")(track)
    return keras.Model(inputs, [average, track, pooled])


@small_model(opaque=["memory"])
def masked_memory() -> keras.Model:
    inputs, x = embedded(mask_zero=True)
    x = layers.LSTM(4, name="memory")(layers.Dense(5, activation="relu")(x))
    return keras.Model(inputs, layers.Dense(2)(x))


@small_model(opaque=["both_ways", "memory"])
def masked_memories() -> keras.Model:
    """A mask that a live layer hands on."""
    inputs, x = embedded(mask_zero=True)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both_ways")(x)
    return keras.Model(inputs, layers.Dense(2)(layers.GRU(3, name="memory")(x)))


@small_model(opaque=["attention", "add", "average"])
def masked_attention() -> keras.Model:
    """Layers of several tensors look for the masks by themselves."""
    inputs, x = embedded(mask_zero=True)
    attended = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.LayerNormalization()(layers.Add(name="add")([x, attended]))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D(name="average")(x)))


@small_model(opaque=["scores", "average"])
def masked_scores() -> keras.Model:
    inputs, x = embedded(mask_zero=True)
    x = layers.Attention(name="scores")([x, layers.Dense(5)(x)])
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling1D(name="average")(x)))


@small_model(opaque=["product", "largest"])
def masked_products() -> keras.Model:
    """Multiply and Maximum leave out what is masked."""
    inputs, x = embedded(mask_zero=True)
    gate = layers.Dense(5, activation="sigmoid")(x)
    y = layers.Multiply(name="product")([x, gate])
    z = layers.Maximum(name="largest")([x, layers.Conv1D(5, 3, padding="same")(x)])
    return keras.Model(inputs, [layers.Dense(2)(layers.Flatten()(y)), layers.Dense(2)(z)])


@small_model(opaque=["memory"])
def masked_by_nested() -> keras.Model:
    """The mask is made inside a nested model, and read outside."""
    inner, x = embedded(mask_zero=True, name="inner")
    encoder = keras.Model(inner, layers.Dense(4, activation="tanh")(x), name="encoder")
    inputs = tokens()
    x = layers.LSTM(4, name="memory")(encoder(inputs))
    return keras.Model(inputs, layers.Dense(2)(x))


@small_model(opaque=["encoder", "memory"])
def masked_into_nested() -> keras.Model:
    """A nested model that is given a mask."""
    inner = keras.Input((24, 5))
    hidden = layers.LSTM(4, return_sequences=True)(inner)
    encoder = keras.Model(inner, layers.Dense(4)(hidden), name="encoder")
    inputs, x = embedded(mask_zero=True)
    return keras.Model(inputs, layers.Dense(2)(layers.GRU(3, name="memory")(encoder(x))))


@small_model(opaque=["memory"])
def masked_by_argument() -> keras.Model:
    """A mask that is computed and passed on in the open."""
    inputs = sequence(24)
    mask = ops.any(ops.not_equal(inputs[:, :, :2], 0.0), axis=-1)
    x = layers.Conv1D(5, 3, padding="same", activation="relu")(inputs)
    x = layers.LSTM(4, name="memory")(x, mask=mask)
    return keras.Model(inputs, layers.Dense(2)(x))
