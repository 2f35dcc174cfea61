"""Published networks that predict numbers of the whole sequence, in small."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.keras import backend as K

from tests.zoo.common import keras, layers, sequence, through_xla
from tests.zoo.registry import small_model


@small_model()
def deepbind() -> keras.Model:
    """Motifs, a threshold, the largest and the mean of each."""
    inputs = sequence(40)
    x = layers.Conv1D(8, 9, padding="same")(layers.ZeroPadding1D(4)(inputs))
    x = layers.Lambda(lambda v: K.relu(v, threshold=0.1))(x)
    pools = [layers.GlobalMaxPooling1D()(x), layers.GlobalAveragePooling1D()(x)]
    x = layers.Dense(6, activation="relu")(layers.Concatenate()(pools))
    return keras.Model(inputs, layers.Dense(1)(x))


@small_model()
def dragonn() -> keras.Model:
    """A plane (N, 1, 4, L) of letters in front, which the first kernels span."""
    inputs = keras.Input((1, 4, 60), name="sequence")
    x, front = inputs, {"data_format": "channels_first"}
    for index, (filters, taps) in enumerate(((6, 9), (5, 5))):
        size = (1 if index else 4, taps)
        x = layers.Conv2D(filters, size, activation="relu", **front)(x)
        x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(layers.MaxPooling2D((1, 12), **front)(x))
    return through_xla(keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x)))


@small_model(opaque=["memory"])
def danq() -> keras.Model:
    """Motifs under a recurrent layer in both directions."""
    inputs = sequence(60)
    x = layers.MaxPooling1D(5)(layers.Conv1D(7, 9, activation="relu")(inputs))
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="memory")(x)
    x = layers.Dense(6, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(4, activation="sigmoid")(x))


@small_model()
def factorized_basset() -> keras.Model:
    """Several narrow convolutions in the place of each wide one."""
    inputs = x = sequence(72)
    for filters, widths, pool in ((6, (5, 3, 3), 3), (7, (3, 3), 4)):
        for width in widths:
            x = layers.Conv1D(filters, width, padding="same")(x)
            x = layers.Lambda(tf.nn.relu)(layers.BatchNormalization()(x))
        x = layers.MaxPooling1D(pool)(x)
    x = layers.Dense(6, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(3, activation="sigmoid")(x))


@small_model()
def deepstarr() -> keras.Model:
    """Four blocks of convolution and pool, two activities."""
    inputs = x = sequence(64)
    for filters, width in ((8, 7), (5, 3), (5, 5), (6, 3)):
        x = layers.Conv1D(filters, width, padding="same")(x)
        x = layers.MaxPooling1D(2)(layers.Activation("relu")(layers.BatchNormalization()(x)))
    x = layers.Flatten()(x)
    for units in (8, 6):
        x = layers.Activation("relu")(layers.BatchNormalization()(layers.Dense(units)(x)))
        x = layers.Dropout(0.4)(x)
    return keras.Model(inputs, [layers.Dense(1, name=name)(x) for name in ("dev", "housekeeping")])


def _excited(x: Any, reduced: int) -> Any:
    """LegNet: channels scaled by what a small network says of their means."""
    means = layers.Lambda(lambda v: tf.reduce_mean(v, axis=1))(x)
    gate = layers.Dense(reduced, activation="silu")(means)
    gate = layers.Dense(x.shape[-1], activation="sigmoid")(gate)
    return layers.Lambda(lambda pair: pair[0] * tf.expand_dims(pair[1], 1))([x, gate])


@small_model()
def legnet() -> keras.Model:
    """Blocks of depthwise convolution, squeeze and excite; bins, and their mean."""
    inputs = sequence(48)
    x = layers.Conv1D(6, 7, padding="same", use_bias=False)(inputs)
    x = layers.Activation("silu")(layers.BatchNormalization()(x))
    for filters in (6, 5):
        y = layers.Conv1D(8, 1, use_bias=False, activation="silu")(x)
        y = layers.DepthwiseConv1D(7, padding="same", use_bias=False, activation="silu")(y)
        y = layers.Conv1D(x.shape[-1], 1, use_bias=False)(_excited(y, 2))
        x = layers.Concatenate()([x, layers.Activation("silu")(y)])
        x = layers.Conv1D(filters, 3, padding="same", activation="silu")(x)
    bins = layers.GlobalAveragePooling1D()(layers.Conv1D(4, 1)(x))
    bins = layers.Softmax(name="bins")(bins)
    mean = layers.Lambda(lambda v: tf.reduce_sum(v * tf.range(4.0), axis=1, keepdims=True))(bins)
    return keras.Model(inputs, [mean, bins])


@small_model()
def residualbind() -> keras.Model:
    """A dilated residual block over motifs, then a pool."""
    inputs = sequence(41)
    x = layers.Conv1D(8, 9, padding="same", use_bias=False)(inputs)
    x = layers.Dropout(0.1)(layers.Activation("relu")(layers.BatchNormalization()(x)))
    y = x
    for rate in (1, 2, 4):
        y = layers.Lambda(
            lambda v, rate: K.temporal_padding(v, (rate, rate)), arguments={"rate": rate}
        )(y)
        y = layers.Conv1D(8, 3, dilation_rate=rate, use_bias=False)(y)
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
    x = layers.AveragePooling1D(10)(layers.Activation("relu")(layers.add([x, y])))
    x = layers.Dense(6, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(1)(x))


@small_model()
def optimus() -> keras.Model:
    """Three convolutions and a dense layer over a short leader."""
    inputs = x = sequence(50)
    for _ in range(3):
        x = layers.Conv1D(6, 8, activation="relu", padding="same")(x)
    x = layers.Dense(6, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(1)(layers.Dropout(0.2)(x)))


@small_model()
def aparent() -> keras.Model:
    """A plane of letters, the library as another input, cleavage along the sequence."""
    inputs, library = keras.Input((45, 4, 1), name="sequence"), keras.Input((2,), name="library")
    x = layers.Conv2D(6, (8, 4), activation="relu")(inputs)
    x = layers.Conv2D(5, (6, 1), activation="relu")(layers.MaxPooling2D((2, 1))(x))
    x = layers.Concatenate()([layers.Flatten()(x), library])
    x = layers.Concatenate()([layers.Dense(6, activation="relu")(x), library])
    proportion = layers.Dense(1, activation="sigmoid", name="proportion")(x)
    return keras.Model([inputs, library], [proportion, layers.Dense(45, activation="softmax")(x)])


class AttentionPool(keras.layers.Layer):
    """Positions, weighed by a softmax over all of them."""

    def build(self, shape: Any) -> None:
        self.score = self.add_weight(name="score", shape=(shape[-1], 1))

    def call(self, x: Any) -> Any:
        weights = K.softmax(K.dot(x, self.score), axis=1)
        return K.sum(x * weights, axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], shape[2])


@small_model()
def attention_pool() -> keras.Model:
    """Motifs under attention that pools them, as in many models of enhancers."""
    inputs = sequence(52)
    x = layers.Conv1D(7, 9, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling1D(2)(layers.BatchNormalization()(x))
    x = AttentionPool()(layers.Conv1D(6, 5, padding="same", activation="relu")(x))
    return keras.Model(inputs, layers.Dense(2)(x))


@small_model()
def xpresso() -> keras.Model:
    """Strided pools over a promoter, and features of the transcript behind them."""
    inputs, features = sequence(66), keras.Input((3,), name="features")
    x = layers.Conv1D(6, 6, padding="same", activation="relu", dilation_rate=1)(inputs)
    x = layers.MaxPooling1D(6)(x)
    x = layers.Conv1D(5, 5, padding="same", activation="relu")(x)
    x = layers.Concatenate()([layers.Flatten()(layers.MaxPooling1D(5)(x)), features])
    return keras.Model([inputs, features], layers.Dense(1)(layers.Dense(4, activation="relu")(x)))
