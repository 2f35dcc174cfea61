"""Arrays of one layer, from the layout of a Keras 1 or 2 file to Keras 3's.

A kernel is turned where the file keeps it otherwise: Theano convolves backwards, Keras 1 keeps the
gates of a recurrent layer apart, and cuDNN's layers are transposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fastism.frontends.keras.files.legacy.locally_connected import LocallyConnected2D
from fastism.frontends.keras.files.legacy.unshared import unshared

Array = npt.NDArray[Any]

CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv2DTranspose,
)
_GATES = {keras.layers.LSTM: (0, 2, 1, 3), keras.layers.GRU: (0, 1, 2)}
"""Where Keras 1 keeps the gates of a layer: an LSTM's are i, f, c, o today, and were i, c, f, o."""


def turned(layer: keras.Layer, arrays: list[Array], theano: bool) -> list[Array]:
    """The arrays of one layer in the layout of Keras 3; of an unknown layout, as they are.

    May raise ValueError or IndexError for arrays that are not such a layer's.
    """
    if isinstance(layer, keras.layers.Bidirectional):
        half = len(arrays) // 2
        return [
            *turned(layer.forward_layer, arrays[:half], theano),
            *turned(layer.backward_layer, arrays[half:], theano),
        ]
    if isinstance(layer, LocallyConnected2D):
        return unshared(layer, arrays)
    if isinstance(layer, CONVOLUTIONS):
        return [_kernel(layer, arrays[0], theano), *arrays[1:]]
    for kind, order in _GATES.items():
        if isinstance(layer, kind):
            return _recurrent(layer, arrays, order)
    return arrays


def _kernel(layer: Any, kernel: Array, theano: bool) -> Array:
    """A convolution's kernel, (positions..., inputs, outputs), read forwards."""
    expected = tuple(layer.kernel.shape)
    spatial = len(expected) - 2
    if (
        kernel.ndim == spatial + 3 and kernel[:, 0].shape == expected
    ):  # Keras 1: one more axis of one
        kernel = kernel[:, 0]
    elif kernel.shape != expected and kernel.ndim == 4:  # Keras 1 over Theano: outputs first
        kernel = kernel.transpose(2, 3, 1, 0)
        kernel = kernel[:, 0] if spatial == 1 else kernel
    return np.flip(kernel, tuple(range(spatial))) if theano else kernel


def _recurrent(layer: Any, arrays: list[Array], order: Sequence[int]) -> list[Array]:
    gates = len(order)
    if len(arrays) == 3 * gates:  # Keras 1: kernel, recurrent kernel and bias of each gate
        return [
            np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1)
            for part in range(3)
        ]
    units = layer.units
    if len(arrays) != 3 or arrays[2].shape != (2 * gates * units,):
        return arrays
    kernel, recurrent, bias = arrays  # cuDNN's
    inputs = kernel.shape[0]
    kernel = np.hstack(
        [part.T.reshape((inputs, units), order="F") for part in np.split(kernel, gates, axis=1)]
    )
    recurrent = np.hstack([part.T for part in np.split(recurrent, gates, axis=1)])
    halves = bias.reshape(2, -1)
    return [kernel, recurrent, halves if gates == 3 else halves.sum(axis=0)]
