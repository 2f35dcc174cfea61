"""Plain chains of convolutions: padding, stride, dilation, groups, even kernels."""

from __future__ import annotations

from tests.zoo.common import keras, layers, sequence
from tests.zoo.registry import small_model


def _head(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(2, name="head")(layers.Flatten()(x))


def _chain(*stack: keras.Layer, length: int = 40, head: bool = True) -> keras.Model:
    inputs = x = sequence(length)
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, _head(x) if head else x)


@small_model()
def chain_valid() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 5, activation="relu"),
        layers.Conv1D(5, 3, activation="relu"),
        layers.Conv1D(4, 7, activation="relu"),
    )


@small_model()
def chain_same() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 5, padding="same", activation="relu"),
        layers.Conv1D(5, 3, padding="same", activation="relu"),
    )


@small_model()
def chain_causal() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 4, padding="causal", activation="relu"),
        layers.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="relu"),
    )


@small_model()
def chain_causal_strided() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 5, padding="causal", strides=2, activation="relu"),
        layers.Conv1D(5, 3, padding="causal", strides=3, activation="relu"),
    )


@small_model()
def chain_strided_valid() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 5, strides=2, activation="relu"),
        layers.Conv1D(5, 4, strides=3, activation="relu"),
    )


@small_model()
def chain_strided_same() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1D(5, 4, strides=3, padding="same", activation="relu"),
        length=41,
    )


@small_model()
def chain_strided_twice_same() -> keras.Model:
    """Strides wider than the kernel, over lengths they do not divide."""
    return _chain(
        layers.Conv1D(6, 2, strides=3, padding="same", activation="relu"),
        layers.Conv1D(5, 3, strides=2, padding="same", activation="tanh"),
        length=47,
    )


@small_model()
def chain_dilated_same() -> keras.Model:
    return _chain(
        layers.Conv1D(5, 3, padding="same", activation="relu"),
        layers.Conv1D(5, 3, padding="same", dilation_rate=2, activation="relu"),
        layers.Conv1D(5, 3, padding="same", dilation_rate=4, activation="relu"),
        layers.Conv1D(5, 3, padding="same", dilation_rate=8, activation="relu"),
        length=60,
    )


@small_model()
def chain_dilated_valid() -> keras.Model:
    return _chain(
        layers.Conv1D(5, 3, dilation_rate=3, activation="relu"),
        layers.Conv1D(5, 4, dilation_rate=5, activation="relu"),
        length=50,
    )


@small_model()
def chain_grouped() -> keras.Model:
    return _chain(
        layers.Conv1D(8, 5, groups=2, padding="same", activation="relu"),
        layers.Conv1D(12, 3, groups=4, padding="same", activation="relu"),
    )


@small_model()
def chain_depthwise() -> keras.Model:
    return _chain(
        layers.DepthwiseConv1D(5, depth_multiplier=2, padding="same", activation="relu"),
        layers.SeparableConv1D(6, 4, padding="same", activation="relu"),
        layers.SeparableConv1D(5, 3, strides=2, depth_multiplier=2),
    )


@small_model()
def chain_even_kernels() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 4, padding="same", activation="relu"),
        layers.Conv1D(5, 6, padding="same", activation="relu"),
        layers.Conv1D(5, 2, padding="same", dilation_rate=3, activation="relu"),
        length=37,
    )


@small_model()
def chain_width_one() -> keras.Model:
    return _chain(
        layers.Conv1D(6, 1, activation="relu"),
        layers.Dense(5, activation="relu"),
        layers.Conv1D(4, 1, use_bias=False),
    )


@small_model()
def chain_wider_than_input() -> keras.Model:
    """A receptive field wider than the sequence."""
    return _chain(
        layers.Conv1D(5, 21, padding="same", activation="relu"),
        layers.Conv1D(5, 35, padding="same", activation="relu"),
        length=30,
    )


@small_model()
def chain_without_head() -> keras.Model:
    """No part after a stop layer: every output is local."""
    return _chain(
        layers.Conv1D(6, 5, padding="same", activation="relu"),
        layers.Conv1D(3, 3, activation="sigmoid"),
        head=False,
    )


@small_model()
def chain_unread_sites() -> keras.Model:
    """Sites that change nothing: strides and crops skip them."""
    return _chain(
        layers.Conv1D(5, 2, strides=3, activation="relu"),
        layers.Cropping1D((2, 3)),
        layers.Conv1D(4, 2, activation="relu"),
    )


@small_model()
def chain_functional_names() -> keras.Model:
    """A Sequential model."""
    return keras.Sequential(
        [
            keras.Input((40, 4), name="dna"),
            layers.Conv1D(6, 5, activation="relu", name="motifs"),
            layers.MaxPooling1D(3, name="pooled"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="classes"),
        ],
        name="stack",
    )
