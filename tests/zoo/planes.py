"""Layers over two axes, one of them short; inputs with an axis of one position; reshapes."""

from __future__ import annotations

from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@small_model()
def plane_basset() -> keras.Model:
    """(N, L, 4, 1): the first kernel takes all letters, the later ones are one wide."""
    inputs = keras.Input((48, 4, 1), name="sequence")
    x = layers.Conv2D(6, (5, 4), activation="relu")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D((2, 1))(x)
    x = layers.Conv2D(5, (3, 1), padding="same", activation="relu")(x)
    x = layers.MaxPooling2D((3, 1), padding="same")(x)
    return keras.Model(inputs, _flat(layers.SpatialDropout2D(0.2)(x)))


@small_model()
def plane_turned() -> keras.Model:
    """(N, 1, L, 4): the length comes second."""
    inputs = keras.Input((1, 40, 4), name="sequence")
    x = layers.Conv2D(6, (1, 5), padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D((1, 4), strides=(1, 2))(x)
    x = layers.SeparableConv2D(5, (1, 4), padding="same", dilation_rate=(1, 2))(x)
    x = layers.Activation("softmax")(x)
    return keras.Model(inputs, _flat(layers.AveragePooling2D((1, 3), padding="same")(x)))


@small_model()
def plane_of_letters() -> keras.Model:
    """Kernels narrower than the letters: several positions across are kept."""
    inputs = keras.Input((40, 4, 1), name="sequence")
    x = layers.Conv2D(3, (5, 3), padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D(2)(x)
    x = layers.DepthwiseConv2D((3, 2), depth_multiplier=2, activation="tanh")(x)
    skip = layers.Conv2D(6, (1, 1))(x)
    x = layers.Add()([skip, layers.Dense(6)(layers.BatchNormalization()(x))])
    return keras.Model(inputs, _flat(x))


@small_model()
def plane_padded() -> keras.Model:
    """Padding, cropping and upsampling along both axes."""
    inputs = keras.Input((30, 4, 1), name="sequence")
    x = layers.ZeroPadding2D(((2, 1), (0, 1)))(inputs)
    x = layers.Conv2D(4, (4, 2), activation="relu")(x)
    x = layers.UpSampling2D((2, 2))(x)
    x = layers.Cropping2D(((3, 2), (1, 2)))(x)
    return keras.Model(inputs, _flat(layers.Conv2D(3, (3, 5), strides=(2, 1))(x)))


@small_model()
def plane_global() -> keras.Model:
    """Squeeze and excite over two axes, and both global pools."""
    inputs = keras.Input((40, 1, 4), name="sequence")
    x = layers.Conv2D(6, (5, 1), padding="same", activation="relu")(inputs)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Multiply()([x, layers.Dense(6, activation="sigmoid")(gate)])
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalMaxPooling2D()(x)))


@small_model()
def plane_autoencoder() -> keras.Model:
    inputs = keras.Input((40, 1, 4), name="sequence")
    x = layers.Conv2D(6, (5, 1), strides=(2, 1), padding="same", activation="relu")(inputs)
    x = layers.Conv2DTranspose(5, (4, 1), strides=(2, 1), padding="same", activation="relu")(x)
    return keras.Model(inputs, layers.Conv2D(3, (1, 1), activation="softmax")(x))


@small_model()
def expanded_inside() -> keras.Model:
    """A plain input that the model itself gives one more axis, and takes it away again."""
    inputs = sequence()
    x = layers.Reshape((40, 1, 4))(layers.Conv1D(4, 3, padding="same")(inputs))
    x = layers.Conv2D(5, (5, 1), padding="same", activation="relu")(x)
    x = layers.Permute((2, 1, 3))(x)
    x = layers.Concatenate()([x, layers.Conv2D(3, (1, 3), padding="same")(x)])
    return keras.Model(inputs, _flat(layers.Reshape((40, 8))(x)))


@small_model()
def transposed_unet() -> keras.Model:
    """Down by strides, up by transposed convolutions, joined across."""
    inputs = sequence(48)
    wide = layers.Conv1D(5, 5, padding="same", activation="relu")(inputs)
    deep = layers.Conv1D(6, 4, strides=4, padding="same", activation="relu")(wide)
    x = layers.Conv1DTranspose(5, 6, strides=4, padding="same", activation="relu")(deep)
    x = layers.Concatenate()([x, wide])
    return keras.Model(inputs, layers.Conv1D(2, 3, padding="same", name="track")(x))


@small_model()
def transposed_valid() -> keras.Model:
    inputs = sequence(24)
    x = layers.Conv1DTranspose(5, 3, strides=2, activation="relu")(inputs)
    return keras.Model(inputs, _flat(layers.Conv1DTranspose(4, 2, strides=3)(x)))


@small_model()
def reshaped() -> keras.Model:
    """Positions joined, split and interleaved; lengths that do not divide each other."""
    inputs = sequence(48)
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = layers.Conv1D(6, 3, padding="same", activation="relu")(layers.Reshape((16, 18))(x))
    x = layers.Conv1D(3, 3, padding="same", activation="relu")(layers.Reshape((24, 4))(x))
    return keras.Model(inputs, _flat(layers.Reshape((72, 1))(x)))


@small_model()
def permuted() -> keras.Model:
    """Channels in another order, and at last the length moved."""
    inputs = sequence()
    x = layers.Conv1D(6, 5, padding="same", activation="relu")(inputs)
    x = ops.transpose(layers.Permute((1, 3, 2))(layers.Reshape((40, 2, 3))(x)), (0, 1, 3, 2))
    x = layers.Permute((1, 3, 2))(layers.Activation("tanh")(x))
    x = layers.Activation("softmax")(x)
    x = layers.Conv1D(5, 3, activation="relu")(layers.Reshape((40, 6))(x))
    return keras.Model(inputs, _flat(ops.swapaxes(x, 1, 2)))


@small_model()
def repeated_vector() -> keras.Model:
    """A vector repeated; nothing is local behind the dense layer."""
    inputs = sequence()
    x = layers.Dense(3, activation="relu")(layers.Flatten()(inputs))
    x = layers.Conv1D(4, 3, activation="relu")(layers.RepeatVector(6)(x))
    return keras.Model(inputs, _flat(x))
