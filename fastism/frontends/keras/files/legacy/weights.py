"""The weights of a Keras 1 or 2 file, put where Keras 3 keeps them.

Layers are matched by name where the names agree, else by order. A kernel is turned where the file
keeps it otherwise: Theano convolves backwards, Keras 1 keeps the gates of a recurrent layer
apart, and cuDNN's layers are transposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, takewhile
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from fastism.errors import ModelError
from fastism.frontends.keras.files.legacy import REWRITE

Array = npt.NDArray[Any]
Named = list[tuple[str, Array]]

_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv2DTranspose,
)
_UNCLEAR = (
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.ConvLSTM2D,
)
_GATES = {keras.layers.LSTM: (0, 2, 1, 3), keras.layers.GRU: (0, 1, 2)}
"""Where Keras 1 keeps the gates of a layer: an LSTM's are i, f, c, o today, and were i, c, f, o."""


def load_weights(model: keras.Model, group: h5py.Group, what: str) -> None:
    """Set every weight of ``model`` from the ``model_weights`` group of a file.

    Raises ModelError, beginning with ``what``, for weights that do not fit the model.
    """
    backend = _text(group.attrs.get("backend", group.file.attrs.get("backend", "")))
    if not backend and any(_reaches(layer) for layer in model.layers):
        raise ModelError(
            what,
            why="it does not say which backend trained it, and Theano kept kernels backwards",
            attempt="name it: h5py.File(path, 'a').attrs['backend'] = 'tensorflow' or 'theano'",
        )
    theano = backend == "theano"
    saved = {name: _arrays(group[name]) for name in _names(group, "layer_names")}
    saved = {name: arrays for name, arrays in saved.items() if arrays}
    layers = [layer for layer in model.layers if _variables(layer)]
    if len(saved) != len(layers):
        raise ModelError(
            what, why=f"{len(layers)} layers have weights, and the file keeps those of {len(saved)}"
        )
    by_name = {layer.name for layer in layers} == set(saved)
    for layer, name in zip(layers, saved, strict=True):
        _assign(layer, saved[layer.name if by_name else name], theano, what)


def _reaches(layer: keras.Layer) -> bool:
    """Whether a layer holds a convolution for which it matters which end of its kernel is first."""
    if isinstance(layer, keras.Model):
        return any(_reaches(inner) for inner in layer.layers)
    if isinstance(layer, keras.layers.TimeDistributed):
        return _reaches(layer.layer)
    return isinstance(layer, _CONVOLUTIONS) and max(layer.kernel_size) > 1


def _names(group: h5py.Group, key: str) -> list[str]:
    """A list of names in the attributes, where a long one is cut in numbered pieces."""
    if key in group.attrs:
        return [_text(name) for name in group.attrs[key]]
    pieces = takewhile(group.attrs.__contains__, (f"{key}{index}" for index in count()))
    return [_text(name) for piece in pieces for name in group.attrs[piece]]


def _text(value: Any) -> str:
    return value.decode("utf8") if isinstance(value, bytes) else str(value)


def _arrays(group: h5py.Group) -> Named:
    return [(name, np.asarray(group[name])) for name in _names(group, "weight_names")]


def _variables(layer: keras.Layer) -> list[Any]:
    """The weights in the order of the old format: what is trained, then the rest."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _assign(layer: keras.Layer, saved: Named, theano: bool, what: str) -> None:
    if isinstance(layer, keras.layers.TimeDistributed):
        _assign(layer.layer, saved, theano, what)
        return
    if theano and isinstance(layer, _UNCLEAR):
        raise ModelError(
            what,
            where=f"layer {layer.name!r} ({type(layer).__name__})",
            why="Theano trained it, and how Theano kept such a layer's kernels is not known",
            attempt=REWRITE,
        )
    if isinstance(layer, keras.Model):
        parts = _parts(layer, saved)
        if parts is not None:
            for inner, entries in parts:
                _assign(inner, entries, theano, what)
            return
        if theano and _reaches(layer):
            raise ModelError(
                what,
                where=f"layer {layer.name!r}",
                why="Theano kept kernels backwards, and the names of the weights inside this model "
                "do not say which are kernels",
                attempt=REWRITE,
            )
    arrays = [array for _, array in saved]
    try:
        arrays = _turned(layer, arrays, theano)
    except (ValueError, IndexError):
        arrays = []  # of another layout than any known: said below
    variables = _variables(layer)
    expected = [tuple(variable.shape) for variable in variables]
    if [array.shape for array in arrays] != expected:
        shapes = ", ".join(str(array.shape) for _, array in saved)
        raise ModelError(
            what,
            where=f"layer {layer.name!r} ({type(layer).__name__})",
            why=f"its weights have the shapes {', '.join(map(str, expected))}, the file's {shapes}",
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _parts(model: keras.Model, saved: Named) -> list[tuple[keras.Layer, Named]] | None:
    """A nested model's weights by inner layer, if the names in the file tell them apart."""
    layers = [layer for layer in model.layers if _variables(layer)]
    parts = [
        (layer, [entry for entry in saved if layer.name in entry[0].split("/")[:-1]])
        for layer in layers
    ]
    names = [name for _, arrays in parts for name, _ in arrays]
    whole = len(names) == len(set(names)) == len(saved)
    fits = all(len(arrays) == len(_variables(layer)) for layer, arrays in parts)
    return parts if whole and fits else None


def _turned(layer: keras.Layer, arrays: list[Array], theano: bool) -> list[Array]:
    """The arrays of one layer in the layout of Keras 3."""
    if isinstance(layer, keras.layers.Bidirectional):
        half = len(arrays) // 2
        return [
            *_turned(layer.forward_layer, arrays[:half], theano),
            *_turned(layer.backward_layer, arrays[half:], theano),
        ]
    if isinstance(layer, _CONVOLUTIONS):
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
