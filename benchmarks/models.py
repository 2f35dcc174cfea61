"""Published architectures over one-hot DNA as Keras models with random weights.

Weights do not matter to speed; batch normalisation gets random statistics as well, so that the
check against the model would notice one left out. Every builder takes the sequence length, and
builds the same layers in Keras 3 and in Keras 2, which fastISM 0.5.1 needs; weights go from one to
the other by layer name. Imports nothing of this project, so that the peers can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

Tensor = Any
INITIAL = "he_normal"
"""Keeps the signal's size through ReLU layers, so that a mutation still matters at the output."""


def conv_block(x: Tensor, filters: int, width: int, pool: int = 0) -> Tensor:
    """Convolution, batch normalisation, ReLU and, with ``pool``, max pooling."""
    x = layers.Conv1D(filters, width, padding="same", kernel_initializer=INITIAL)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    return layers.MaxPooling1D(pool)(x) if pool else x


def dense_head(x: Tensor, outputs: int) -> Tensor:
    """The two hidden layers of 1,000 and the output layer that both Bassets share."""
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(1000, kernel_initializer=INITIAL)(x)
        x = layers.Dropout(0.3)(layers.ReLU()(layers.BatchNormalization()(x)))
    return layers.Dense(outputs, activation="sigmoid")(x)


def basset(length: int = 1000, outputs: int = 1) -> keras.Model:
    """Basset (Kelley et al. 2016): three convolutions with pooling, two hidden dense layers."""
    x = sequence = layers.Input((length, 4))
    for filters, width, pool in [(300, 19, 3), (200, 11, 4), (200, 7, 4)]:
        x = conv_block(x, filters, width, pool)
    return keras.Model(sequence, dense_head(x, outputs), name="basset")


def factorized_basset(length: int = 1000, outputs: int = 1) -> keras.Model:
    """Factorized Basset (Wnuk et al. 2019): Basset's wide kernels as stacks of narrow ones."""
    x = sequence = layers.Input((length, 4))
    blocks = [(48, 3, 0), (64, 3, 0), (100, 3, 0), (150, 7, 0), (300, 7, 3)]
    blocks += [(200, 7, 0), (200, 3, 0), (200, 3, 4), (200, 7, 4)]
    for filters, width, pool in blocks:
        x = conv_block(x, filters, width, pool)
    return keras.Model(sequence, dense_head(x, outputs), name="factorized_basset")


def bpnet(length: int = 1000, filters: int = 64, dilated: int = 9) -> keras.Model:
    """BPNet (Avsec et al. 2021): ``same`` padding, a profile of two strands, and two counts.

    The profile head is published as a transposed convolution; at stride 1 that is a convolution.
    """
    sequence = layers.Input((length, 4))
    x = layers.Conv1D(filters, 25, padding="same", activation="relu")(sequence)
    for index in range(dilated):
        rate = 2 ** (index + 1)
        step = layers.Conv1D(filters, 3, padding="same", dilation_rate=rate, activation="relu")(x)
        x = layers.Add()([x, step])
    profile = layers.Conv1D(2, 25, padding="same", name="profile")(x)
    counts = layers.Dense(2, name="counts")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(sequence, [profile, counts], name="bpnet")


def chrombpnet(length: int = 2114, filters: int = 512, dilated: int = 8) -> keras.Model:
    """ChromBPNet's accessibility model: ``valid`` padding, cropped residuals, 2,114 to 1,000."""
    sequence = layers.Input((length, 4))
    x = layers.Conv1D(filters, 21, padding="valid", activation="relu")(sequence)
    for index in range(dilated):
        rate = 2 ** (index + 1)
        step = layers.Conv1D(filters, 3, padding="valid", dilation_rate=rate, activation="relu")(x)
        x = layers.Add()([layers.Cropping1D(rate)(x), step])
    profile = layers.Flatten(name="profile")(layers.Conv1D(1, 75, padding="valid")(x))
    counts = layers.Dense(1, name="counts")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(sequence, [profile, counts], name="chrombpnet")


def bpnet_2114(length: int = 2114) -> keras.Model:
    """BPNet in the shape of ChromBPNet: the same layers at 64 filters."""
    return chrombpnet(length, filters=64)


def yuzu_basset(length: int = 1000, outputs: int = 164) -> keras.Model:
    """Basset as the package yuzu-ism has it: normalisation after the ReLU, linear outputs."""
    x = sequence = layers.Input((length, 4))
    for filters, width, pool in [(300, 19, 3), (200, 11, 4), (200, 7, 4)]:
        x = layers.Conv1D(filters, width, padding="same", kernel_initializer=INITIAL)(x)
        x = layers.MaxPooling1D(pool)(layers.BatchNormalization()(layers.ReLU()(x)))
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.ReLU()(layers.Dense(1000, kernel_initializer=INITIAL)(x))
        x = layers.BatchNormalization()(x)
    return keras.Model(sequence, layers.Dense(outputs)(x), name="yuzu_basset")


@dataclass(frozen=True)
class Architecture:
    """A builder and the sequence length it is published for."""

    build: Callable[[int], keras.Model]
    length: int


ARCHITECTURES = {
    "basset": Architecture(basset, 1000),
    "factorized-basset": Architecture(factorized_basset, 1000),
    "bpnet": Architecture(bpnet, 1000),
    "bpnet-2114": Architecture(bpnet_2114, 2114),
    "chrombpnet": Architecture(chrombpnet, 2114),
    "yuzu-basset": Architecture(yuzu_basset, 1000),
}


def build(name: str, length: int | None = None, seed: int = 1) -> keras.Model:
    """A model of ``ARCHITECTURES`` with seeded random weights and normalisation statistics."""
    keras.backend.clear_session()  # layer names start over, so that weights find their layers
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    architecture = ARCHITECTURES[name]
    model = architecture.build(length or architecture.length)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            shape = layer.gamma.shape
            layer.set_weights(
                [
                    random.uniform(0.8, 1.2, shape),
                    random.normal(0, 0.1, shape),
                    random.normal(0, 0.1, shape),
                    random.uniform(0.5, 1.5, shape),
                ]
            )
    return model


def save_weights(model: keras.Model, path: Path) -> None:
    """Every weight of every layer, in a .npz file."""
    arrays = {
        f"{layer.name}/{index}": array
        for layer in model.layers
        for index, array in enumerate(layer.get_weights())
    }
    np.savez(path, **arrays)


def load_weights(model: keras.Model, path: Path) -> None:
    """Set the weights that `save_weights` wrote. Raises KeyError for a layer it did not have."""
    with np.load(path) as arrays:
        for layer in model.layers:
            count = len(layer.get_weights())
            layer.set_weights([arrays[f"{layer.name}/{index}"] for index in range(count)])
