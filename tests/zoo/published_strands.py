"""Published networks over both strands, in small, with layers as their authors write them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.keras import backend as K

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


class ReverseComplementConv1D(keras.layers.Conv1D):
    """keras-genomics: every filter, and the same filter of the other strand."""

    def call(self, x: Any) -> Any:
        kernel = K.concatenate([self.kernel, self.kernel[::-1, ::-1, ::-1]], axis=-1)
        bias = K.concatenate([self.bias, self.bias[::-1]], axis=-1)
        found = K.conv1d(x, kernel, strides=self.strides[0], padding=self.padding)
        return self.activation(K.bias_add(found, bias, data_format="channels_last"))

    def compute_output_shape(self, shape: Any) -> Any:
        *front, filters = super().compute_output_shape(shape)
        return (*front, 2 * filters)


class ReverseComplementBatchNorm(keras.layers.Layer):
    """keras-genomics: a filter and that of the other strand share their statistics."""

    def build(self, shape: Any) -> None:
        half = (shape[-1] // 2,)
        self.gamma = self.add_weight(name="gamma", shape=half)
        self.beta = self.add_weight(name="beta", shape=half)
        self.moving_mean = self.add_weight(name="moving_mean", shape=half, trainable=False)
        self.moving_variance = self.add_weight(name="moving_variance", shape=half, trainable=False)

    def call(self, x: Any, training: bool | None = None) -> Any:
        half, length = x.shape[-1] // 2, x.shape[1]
        both = K.concatenate([x[:, :, :half], x[:, :, half:][:, :, ::-1]], axis=1)
        found = K.batch_normalization(
            both, self.moving_mean, self.moving_variance, self.beta, self.gamma, epsilon=1e-3
        )
        return K.concatenate([found[:, :length], found[:, length:][:, :, ::-1]], axis=-1)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class ReverseComplementSum(keras.layers.Layer):
    """keras-genomics: both strands of every filter, added position by position."""

    def call(self, x: Any) -> Any:
        half = x.shape[-1] // 2
        return x[:, :, :half] + x[:, ::-1, half:][:, :, ::-1]

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], shape[-1] // 2)


class WeightedSum(keras.layers.Layer):
    """keras-genomics: a weight for every position and channel, the same from either end."""

    def build(self, shape: Any) -> None:
        self.half = self.add_weight(name="half", shape=(-(-shape[1] // 2), shape[2]))

    def call(self, x: Any) -> Any:
        mirrored = K.reverse(self.half[: x.shape[1] // 2], axes=0)
        return K.sum(x * K.expand_dims(K.concatenate([self.half, mirrored], axis=0), 0), axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], shape[2])


@small_model()
def keras_genomics() -> keras.Model:
    """Filters and the same of the other strand, normalized together, added, weighed and summed."""
    inputs = sequence(48)
    x = ReverseComplementConv1D(5, 7, padding="same", activation="relu")(inputs)
    x = ReverseComplementBatchNorm()(x)
    x = ReverseComplementConv1D(4, 5, activation="relu")(x)
    x = layers.AveragePooling1D(3)(ReverseComplementSum()(x))
    return keras.Model(inputs, layers.Dense(2, activation="sigmoid")(WeightedSum()(x)))


def _other_strand(x: Any) -> Any:
    return layers.Lambda(lambda v: K.reverse(v, axes=(1, 2)))(x)


def _on_both(x: Any, layer: Any) -> Any:
    """DeepAC: a layer on either strand, its results side by side in one order."""
    return layers.Concatenate()([layer(x), _other_strand(layer(_other_strand(x)))])


@small_model()
def deepac_cnn() -> keras.Model:
    """Convolutions and normalization shared by the strands, which are added at the end."""
    inputs = sequence(60)
    x = _on_both(inputs, layers.Conv1D(4, 7, padding="same", use_bias=False))
    norm = layers.BatchNormalization()
    forward = layers.Lambda(lambda v: v[:, :, :4])(x)
    backward = layers.Lambda(lambda v: K.reverse(v[:, :, 4:], axes=(1, 2)))(x)
    stacked = norm(layers.Concatenate(axis=1)([forward, backward]))
    forward = layers.Lambda(lambda v: v[:, :60])(stacked)
    backward = layers.Lambda(lambda v: K.reverse(v[:, 60:], axes=(1, 2)))(stacked)
    x = layers.Activation("relu")(layers.Concatenate()([forward, backward]))
    x = _on_both(layers.MaxPooling1D(2)(x), layers.Conv1D(5, 5, padding="same", activation="relu"))
    x = layers.GlobalAveragePooling1D()(x)
    dense, turned = layers.Dense(6), layers.Lambda(lambda v: K.reverse(v, axes=1))
    x = layers.Activation("relu")(layers.Add()([dense(x), dense(turned(x))]))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.5)(x)))


class SoftmaxPool(keras.layers.Layer):
    """Basenji, DeepAC: positions of a pool, weighed by a softmax over them."""

    def __init__(self, size: int = 2, per_channel: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.size, self.per_channel = size, per_channel

    def build(self, shape: Any) -> None:
        channels = shape[-1]
        self.logits = self.add_weight(
            name="logits", shape=(channels, channels if self.per_channel else 1)
        )

    def call(self, x: Any) -> Any:
        _, length, channels = x.shape
        pools = tf.reshape(x, (-1, length // self.size, self.size, channels))
        weights = tf.nn.softmax(tf.matmul(pools, self.logits), axis=-2)
        return tf.reduce_sum(pools * weights, axis=-2)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], shape[1] // self.size, shape[2])


@small_model()
def deepac_resnet() -> keras.Model:
    """Skips around pairs of convolutions on both strands, softmax pools, gates."""
    inputs = sequence(48)
    x = _on_both(inputs, layers.Conv1D(3, 5, padding="same", activation="relu"))
    y = _on_both(x, layers.Conv1D(3, 3, padding="same", activation="relu"))
    y = _on_both(y, layers.Conv1D(3, 3, padding="same"))
    gate = layers.Lambda(lambda v: K.mean(v, axis=1, keepdims=True))(y)
    gate = layers.Dense(6, activation="sigmoid")(layers.Dense(2, activation="relu")(gate))
    y = layers.Lambda(lambda pair: pair[0] * pair[1])([y, gate])
    x = SoftmaxPool(4)(layers.Activation("relu")(layers.Add()([x, y])))
    x = layers.Lambda(lambda v: tf.reduce_max(v, axis=1))(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


class Complement(keras.layers.Layer):
    """janggu: the other letter of every pair, by a table."""

    def build(self, shape: Any) -> None:
        self.table = tf.constant(tf.eye(shape[-1])[::-1].numpy())

    def call(self, x: Any) -> Any:
        return K.dot(x, self.table)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class Reverse(keras.layers.Layer):
    """janggu: positions backwards."""

    def call(self, x: Any) -> Any:
        return K.reverse(x, axes=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class DnaConv2D(keras.layers.Conv2D):
    """janggu: every filter on both strands, the larger of both."""

    def call(self, x: Any) -> Any:
        turned = self.kernel[::-1, :, ::-1, :]
        pairs = [K.conv2d(x, kernel, padding=self.padding) for kernel in (self.kernel, turned)]
        larger = K.maximum(*(K.bias_add(found, self.bias) for found in pairs))
        return self.activation(larger)


@small_model()
def janggu() -> keras.Model:
    """A plane (N, L, 1, 4), scanned on both strands; both strands through one network."""
    inputs = keras.Input((48, 1, 4), name="sequence")
    x = DnaConv2D(6, (7, 1), activation="relu")(inputs)
    x = layers.MaxPooling2D((3, 1))(x)
    conv, pool = layers.Conv2D(5, (5, 1), activation="relu"), layers.GlobalAveragePooling2D()
    other = pool(conv(Complement()(Reverse()(inputs))))
    x = layers.Concatenate()([layers.GlobalMaxPooling2D()(x), pool(conv(inputs)), other])
    return keras.Model(inputs, layers.Dense(2, activation="sigmoid")(x))


@small_model()
def deeptopic() -> keras.Model:
    """One network on both strands, the larger prediction of both."""
    inputs = sequence(60)
    inner = layers.Input((60, 4))
    x = layers.MaxPooling1D(4)(layers.Conv1D(6, 9, activation="relu")(inner))
    x = layers.Dense(5, activation="relu")(layers.Flatten()(x))
    network = keras.Model(inner, layers.Dense(3, activation="sigmoid")(x), name="one_strand")
    sides = [network(inputs), network(_other_strand(inputs))]
    return keras.Model(inputs, layers.Maximum()(sides))


__all__ = ["SoftmaxPool"]
