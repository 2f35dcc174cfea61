"""Models that hold the sequence twice: both strands, joined stretches, slices."""

from __future__ import annotations

from tests.zoo.common import keras, layers, ops, sequence
from tests.zoo.registry import small_model


def _conv(filters: int, width: int, **options: object) -> keras.Layer:
    options = {"padding": "same", "activation": "relu", **options}
    return layers.Conv1D(filters, width, **options)


def _flat(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


@small_model()
def strands_joined() -> keras.Model:
    """Both strands side by side: one base changes two stretches, all the way to the dense layer."""
    inputs = sequence(96)
    x = layers.Concatenate()([inputs, inputs[:, ::-1, ::-1]])
    x = layers.MaxPooling1D(4)(_conv(8, 7)(x))
    x = layers.BatchNormalization()(_conv(6, 3, activation=None)(x))
    return keras.Model(inputs, _flat(layers.MaxPooling1D(2)(layers.ReLU()(x))))


@small_model()
def strands_one() -> keras.Model:
    """`strands_joined` with one strand, to count its multiply-adds."""
    inputs = sequence(96)
    x = layers.Concatenate()([inputs, inputs[:, :, ::-1]])
    x = layers.MaxPooling1D(4)(_conv(8, 7)(x))
    x = layers.BatchNormalization()(_conv(6, 3, activation=None)(x))
    return keras.Model(inputs, _flat(layers.MaxPooling1D(2)(layers.ReLU()(x))))


@small_model()
def strands_aligned() -> keras.Model:
    """A convolution shared by both strands, flipped back and added: one stretch again."""
    inputs, shared = sequence(50), _conv(6, 6)
    other = ops.flip(shared(ops.flip(inputs, axis=(1, 2))), axis=1)
    x = layers.Add()([shared(inputs), other])
    return keras.Model(inputs, _flat(layers.MaxPooling1D(5)(_conv(4, 3)(x))))


@small_model()
def strands_maximum() -> keras.Model:
    """The larger of both strands where they meet, summed and pooled in several ways."""
    inputs, shared = sequence(61), _conv(6, 5)
    x = layers.Maximum()([shared(inputs), shared(ops.flip(inputs, axis=(1, 2)))])
    x = _conv(5, 3, padding="valid", dilation_rate=3)(x)
    pools = (
        layers.GlobalAveragePooling1D(),
        layers.GlobalMaxPooling1D(),
        lambda value: ops.sum(value, axis=1),
    )
    return keras.Model(inputs, [layers.Dense(1)(pool(x)) for pool in pools])


@small_model()
def strands_pooled() -> keras.Model:
    """Each strand pooled for itself; the strands meet behind the pools."""
    inputs, first, second = sequence(45), _conv(6, 5), _conv(7, 3)
    pool = layers.GlobalMaxPooling1D()
    sides = [pool(second(layers.MaxPooling1D(2)(first(x)))) for x in (inputs, inputs[:, ::-1])]
    return keras.Model(inputs, layers.Dense(2)(layers.Average()(sides)))


@small_model()
def strands_unet() -> keras.Model:
    """Down and up again over both strands, with a gate, a norm and a track for an output."""
    inputs = sequence(96)
    x = layers.Concatenate()([inputs, inputs[:, ::-1, ::-1]])
    wide = _conv(5, 3)(x)
    deep = layers.AveragePooling1D(3, strides=2, padding="same")(wide)
    deep = layers.LayerNormalization()(_conv(6, 3, activation="gelu")(deep))
    up = _conv(5, 1, activation="sigmoid")(layers.UpSampling1D(2)(deep))
    x = layers.Multiply()([up, wide])
    return keras.Model(inputs, layers.Cropping1D((7, 2))(layers.Conv1D(2, 2)(x)))


@small_model()
def strands_strided() -> keras.Model:
    """Strips behind strides, causal padding and zero padding; the middle is read once more."""
    inputs = sequence(75)
    x = layers.Maximum()([_conv(4, 4)(inputs), _conv(4, 3)(inputs[:, ::-1])])
    x = _conv(5, 5, strides=2, padding="valid")(layers.ZeroPadding1D((3, 1))(x))
    x = _conv(4, 3, padding="causal", dilation_rate=2)(x)
    return keras.Model(inputs, _flat(layers.Concatenate()([x, layers.Conv1D(2, 1)(x)])))


@small_model()
def stretches_joined() -> keras.Model:
    """Positions one after the other: the same base is in both halves."""
    inputs = sequence(48)
    near, far = _conv(4, 3)(inputs), _conv(4, 5, strides=2)(inputs)
    x = layers.Concatenate(axis=1)([near, far])
    x = layers.MaxPooling1D(3)(_conv(5, 4)(x))
    return keras.Model(inputs, _flat(x))


@small_model()
def stretches_of_parts() -> keras.Model:
    """Cut into three, turned, and put together in another order, then followed by a track."""
    inputs = sequence(60)
    parts = [inputs[:, 40:], inputs[:, 39:19:-1], inputs[:, :20], inputs[:, 5:55:2]]
    x = _conv(4, 3)(ops.concatenate(parts, axis=1))
    return keras.Model(inputs, layers.Conv1D(2, 1, name="track")(x))


@small_model()
def stretches_with_a_track() -> keras.Model:
    """The edited sequence in front of one that is not edited."""
    inputs, track = sequence(40), keras.Input((25, 4), name="track")
    x = _conv(5, 6)(layers.Concatenate(axis=1)([inputs, track]))
    return keras.Model([inputs, track], _flat(layers.MaxPooling1D(5)(x)))


@small_model()
def slices() -> keras.Model:
    """Steps, forwards and backwards, along positions and channels."""
    inputs = sequence(53)
    odd = _conv(4, 3)(inputs[:, 1::2])
    back = _conv(4, 3)(inputs[:, ::-2, ::-1])[:, :26]
    x = layers.Add()([odd, back])
    x = layers.Concatenate()([x[..., 1:3], x[..., ::-2], inputs[:, 10:36]])
    return keras.Model(inputs, _flat(_conv(5, 3)(x[:, -3:2:-3])))


@small_model()
def slices_to_one() -> keras.Model:
    """The position in the middle alone, and one channel."""
    inputs = sequence(41)
    x = _conv(6, 5)(_conv(4, 3)(inputs))
    return keras.Model(inputs, [layers.Dense(2)(x[:, 20]), x[:, :, -1]])
