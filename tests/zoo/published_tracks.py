"""Published networks that predict tracks along the sequence, in small."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tests.zoo.common import keras, layers, sequence
from tests.zoo.published_strands import SoftmaxPool
from tests.zoo.registry import small_model


class Gelu(keras.layers.Layer):
    """Basenji: the approximation by a sigmoid."""

    def call(self, x: Any) -> Any:
        return tf.keras.activations.sigmoid(1.702 * x) * x

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class StochasticShift(keras.layers.Layer):
    """Basenji: positions moved in training."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        if training:
            return tf.roll(x, tf.random.uniform([], -3, 4, dtype=tf.int32), axis=1)
        return x

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class StochasticReverseComplement(keras.layers.Layer):
    """Basenji: the other strand in training; and whether it was that."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        if training:
            other = tf.gather(tf.reverse(x, axis=[1]), [3, 2, 1, 0], axis=-1)
            turned = tf.random.uniform([]) > 0.5
            return tf.cond(turned, lambda: other, lambda: x), turned
        return x, tf.constant(False)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape, ()


class SwitchReverse(keras.layers.Layer):
    """Basenji: the tracks turned back, where the sequence was turned."""

    def call(self, pair: Any) -> Any:
        x, turned = pair
        return tf.keras.backend.switch(turned, tf.reverse(x, axis=[1]), x)

    def compute_output_shape(self, shapes: Any) -> Any:
        return shapes[0]


class SqueezeExcite(keras.layers.Layer):
    """Basenji: channels scaled by what a small network says of their means."""

    def build(self, shape: Any) -> None:
        channels = shape[-1]
        self.first = layers.Dense(max(channels // 2, 1), activation="relu")
        self.second = layers.Dense(channels)
        self.first.build((None, channels))
        self.second.build((None, max(channels // 2, 1)))

    def call(self, x: Any) -> Any:
        scale = tf.sigmoid(self.second(self.first(tf.reduce_mean(x, axis=1))))
        return x * tf.reshape(scale, [-1, 1, x.shape[-1]])

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def _block(x: Any, filters: int, width: int, pool: int = 1, **options: Any) -> Any:
    """Basenji: activation, convolution, normalization, pool."""
    x = layers.Conv1D(filters, width, padding="same", use_bias=False, **options)(Gelu()(x))
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.MaxPooling1D(pool, padding="same")(x) if pool > 1 else x


def _dilated(x: Any, filters: int, rates: tuple[int, ...]) -> Any:
    """Basenji: dilated convolutions, each added to what it reads."""
    for rate in rates:
        y = _block(x, filters, 3, dilation_rate=rate)
        x = layers.Add()([x, layers.Dropout(0.3)(_block(y, x.shape[-1], 1))])
    return x


@small_model()
def basenji() -> keras.Model:
    """A tower of pools, dilated layers, tracks; layers that augment in training inside."""
    inputs = sequence(96)
    x, turned = StochasticReverseComplement()(inputs)
    x = _block(StochasticShift()(x), 6, 9, 2)
    x = _block(x, 7, 5, 2)
    x = _dilated(x, 4, (1, 2))
    x = layers.Cropping1D(4)(x)
    x = Gelu()(_block(x, 8, 1))
    x = layers.Dense(3, activation="softplus")(x)
    return keras.Model(inputs, SwitchReverse()([x, turned]))


@small_model()
def basenji_excited() -> keras.Model:
    """Softmax pools, squeeze and excite."""
    inputs = sequence(64)
    x = SoftmaxPool(2, name="pool")(_block(inputs, 6, 7))
    x = SqueezeExcite()(_block(x, 6, 3))
    return keras.Model(inputs, layers.Dense(2, activation="softplus")(_block(x, 5, 1)))


class OneToTwo(keras.layers.Layer):
    """Akita: every pair of positions, as the mean of both."""

    def call(self, x: Any) -> Any:
        length, channels = x.shape[1:]
        rows = tf.reshape(tf.tile(x, [1, length, 1]), [-1, length, length, channels])
        return (rows + tf.transpose(rows, [0, 2, 1, 3])) / 2.0

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], shape[1], shape[1], shape[2])


class ConcatDistance(keras.layers.Layer):
    """Akita: how far apart both are, as another channel."""

    def call(self, x: Any) -> Any:
        length = x.shape[1]
        apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length)))
        channel = tf.reshape(tf.constant(apart, "float32"), [1, length, length, 1])
        return tf.concat([x, tf.tile(channel, [tf.shape(x)[0], 1, 1, 1])], axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], shape[-1] + 1)


class Symmetrize(keras.layers.Layer):
    """Akita: the mean of a map and its transpose."""

    def call(self, x: Any) -> Any:
        return (x + tf.transpose(x, [0, 2, 1, 3])) / 2.0

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class UpperTriangle(keras.layers.Layer):
    """Akita: the entries above the diagonal, in one row."""

    def call(self, x: Any) -> Any:
        length, channels = x.shape[2:]
        rows, columns = np.triu_indices(length, 2)
        flat = tf.reshape(x, [-1, length * length, channels])
        return tf.gather(flat, rows * length + columns, axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        pairs = (shape[1] - 1) * (shape[1] - 2) // 2
        return (shape[0], pairs, shape[-1])


@small_model(opaque=["map"])
def akita() -> keras.Model:
    """A trunk like Basenji's, then a map of all pairs of bins, which every base changes."""
    inputs = sequence(80)
    x = StochasticShift()(inputs)
    for filters in (6, 6, 6):
        x = _block(x, filters, 5, 2)
    x = _dilated(x, 3, (1, 2))
    x = ConcatDistance()(OneToTwo()(x))
    x = Symmetrize()(layers.Conv2D(4, 3, padding="same", activation="relu", name="map")(x))
    return keras.Model(inputs, layers.Dense(2)(UpperTriangle()(x)))


@keras.saving.register_keras_serializable(package="zoo")
class SelfAttention(keras.layers.Layer):
    """Basenji, Enformer: attention by products of tensors, written in TensorFlow."""

    def __init__(self, heads: int = 2, size: int = 3, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.size = heads, size

    def build(self, shape: Any) -> None:
        channels, wide = shape[-1], self.heads * self.size
        for name in ("query", "key", "value"):
            setattr(self, name, self.add_weight(name=name, shape=(channels, wide)))
        self.out = self.add_weight(name="out", shape=(wide, channels))

    def call(self, x: Any, training: bool | None = None) -> Any:
        length = x.shape[1]

        def split(weights: Any) -> Any:
            parts = tf.reshape(tf.matmul(x, weights), [-1, length, self.heads, self.size])
            return tf.transpose(parts, [0, 2, 1, 3])

        query, key, value = map(split, (self.query, self.key, self.value))
        weights = tf.nn.softmax(tf.matmul(query / self.size**0.5, key, transpose_b=True))
        found = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
        return tf.matmul(tf.reshape(found, [-1, length, self.heads * self.size]), self.out)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "size": self.size}

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def _attended(x: Any, name: str) -> Any:
    y = SelfAttention(name=name)(layers.LayerNormalization()(x))
    x = layers.Add()([x, layers.Dropout(0.2)(y)])
    y = layers.Dense(8, activation="relu")(layers.LayerNormalization()(x))
    return layers.Add()([x, layers.Dense(x.shape[-1])(y)])


@small_model(opaque=["attention"])
def borzoi_trunk() -> keras.Model:
    """A tower, attention over its bins, and up again by separable convolutions."""
    inputs = sequence(80)
    first = _block(layers.Conv1D(5, 7, padding="same")(inputs), 6, 5, 2)
    second = _block(first, 6, 5, 2)
    x = _attended(_block(second, 6, 5, 2), "attention")
    for skip in (second, first):
        x = layers.UpSampling1D(2)(layers.Conv1D(6, 1)(Gelu()(x)))
        x = layers.Add()([x, layers.Conv1D(6, 1)(Gelu()(skip))])
        x = layers.SeparableConv1D(6, 3, padding="same")(x)
    return keras.Model(inputs, layers.Dense(2, activation="softplus")(layers.Cropping1D(8)(x)))


@small_model(opaque=["attention"])
def enformer() -> keras.Model:
    """Residual convolutions under softmax pools, attention, cropped tracks."""
    inputs = sequence(64)
    x = layers.Conv1D(6, 7, padding="same")(inputs)
    for filters in (6, 6):
        y = layers.Conv1D(filters, 1, padding="same")(Gelu()(layers.BatchNormalization()(x)))
        x = SoftmaxPool(2)(layers.Add()([x, y]))
        x = layers.Conv1D(filters, 3, padding="same")(Gelu()(layers.BatchNormalization()(x)))
    x = _attended(x, "attention")
    x = layers.Lambda(lambda v: v[:, 3:-3, :])(x)
    x = layers.Conv1D(8, 1)(layers.BatchNormalization()(x))
    return keras.Model(inputs, layers.Dense(2, activation="softplus")(Gelu()(x)))


@small_model()
def scbasset() -> keras.Model:
    """A tower of pools to a bottleneck, and one prediction a cell."""
    inputs = sequence(84)
    x, _ = StochasticReverseComplement()(inputs)
    x = _block(StochasticShift()(x), 6, 9, 3)
    for filters in (6, 7):
        x = _block(x, filters, 5, 2)
    x = layers.Reshape((1, -1))(Gelu()(_block(x, 5, 1)))
    x = layers.Dense(4, use_bias=False)(x)
    x = Gelu()(layers.Dropout(0.2)(layers.BatchNormalization()(x)))
    return keras.Model(inputs, layers.Flatten()(layers.Dense(6, activation="sigmoid")(x)))


def _bpnet(inputs: Any, filters: int, name: str) -> tuple[Any, Any]:
    """ChromBPNet: a profile and a count from valid dilated convolutions."""
    x = layers.Conv1D(filters, 7, activation="relu", name=f"{name}_motifs")(inputs)
    for rate in (2, 4):
        y = layers.Conv1D(filters, 3, dilation_rate=rate, activation="relu")(x)
        x = layers.add([layers.Cropping1D((x.shape[1] - y.shape[1]) // 2)(x), y])
    profile = layers.Conv1D(1, 9)(x)
    profile = layers.Flatten()(layers.Cropping1D((profile.shape[1] - 30) // 2)(profile))
    return profile, layers.Dense(1)(layers.GlobalAveragePooling1D()(x))


@small_model()
def chrombpnet() -> keras.Model:
    """A network of the enzyme's bias inside; counts are added as numbers, not logs."""
    inputs = sequence(68)
    inner = keras.Input((68, 4))
    bias = keras.Model(inner, list(_bpnet(inner, 3, "bias")), name="bias")
    profile, count = _bpnet(inputs, 5, "main")
    bias_profile, bias_count = bias(inputs)
    profile = layers.Add(name="profile")([profile, bias_profile])
    counts = layers.Concatenate(axis=-1)([count, bias_count])
    counts = layers.Lambda(
        lambda x: tf.math.reduce_logsumexp(x, axis=-1, keepdims=True), name="counts"
    )(counts)
    return keras.Model(inputs, [profile, counts])


@small_model()
def clipnet() -> keras.Model:
    """Pools and dilated skips under a profile of both strands and a quantity."""
    inputs = sequence(70)
    x = layers.BatchNormalization()(inputs)
    x = layers.Conv1D(6, 8, activation=tf.math.exp)(x)
    x = layers.MaxPooling1D(2)(layers.BatchNormalization()(x))
    x = layers.MaxPooling1D(2)(layers.ReLU()(layers.Conv1D(6, 4)(x)))
    for rate in (1, 2):
        y = layers.Conv1D(6, 3, dilation_rate=rate, padding="same")(x)
        x = layers.ReLU()(layers.add([x, layers.BatchNormalization()(y)]))
    profile = layers.Dense(20)(layers.Flatten()(layers.MaxPooling1D(2)(x)))
    profile = layers.ReLU(name="profile")(layers.BatchNormalization()(profile))
    quantity = layers.Dense(1, name="quantity")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, [profile, quantity])
