"""The weights of a Keras 1 or 2 file, put where Keras 3 keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from fastism.errors import ModelError
from fastism.frontends.keras.files.legacy import REWRITE
from fastism.frontends.keras.files.legacy.layouts import CONVOLUTIONS, turned
from fastism.frontends.keras.files.legacy.matching import (
    Parts,
    Saved,
    by_given_names,
    by_position,
    chosen,
    inside_by_name,
    inside_by_position,
    variables,
)

_UNCLEAR = (
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.ConvLSTM2D,
)
_OF_THE_MODEL = "top_level_model_weights"
"""The group of weights that are a model's own and no layer's."""


def load_weights(
    model: keras.Model, group: h5py.Group, what: str, *, rebuilt: bool, backend: str = ""
) -> None:
    """Set every weight of ``model`` from the ``model_weights`` group of a file.

    ``rebuilt``: whether the model was made of the file's own configuration, or one beside it, so
    that the names of its layers are the file's; otherwise `matching` says what belongs together.
    ``backend``: which trained it, where the file does not say.

    Raises ModelError, beginning with ``what``, for weights that do not fit the model; then none is
    set.
    """
    backend = _text(group.attrs.get("backend", group.file.attrs.get("backend", backend)))
    if not backend and any(_reaches(layer) for layer in model.layers):
        raise ModelError(
            what,
            why="it does not say which backend trained it, and Theano kept kernels backwards",
            attempt="name it: h5py.File(path, 'a').attrs['backend'] = 'tensorflow' or 'theano'",
        )
    reader = _Reader(what, backend == "theano", rebuilt)
    saved = [part for name in _names(group, "layer_names") if (part := _saved(group, name)).entries]
    layers = [layer for layer in model.layers if variables(layer)]
    found = reader.found(reader.parts(layers, saved))
    found += _of_the_model(model, group, what)
    for variable, array in found:
        variable.assign(array)
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):  # of Normalization, which keeps what it computes
            layer.finalize_state()


@dataclass(frozen=True)
class _Reader:
    """Finds the array of every variable. ``theano``: whether kernels are kept backwards."""

    what: str
    theano: bool
    rebuilt: bool

    def parts(self, layers: list[keras.Layer], saved: list[Saved]) -> Parts:
        """Every layer with its own."""
        order = by_position(layers, saved)
        if order is None:
            raise ModelError(
                self.what,
                why=f"{len(layers)} layers have weights, and the file keeps those of {len(saved)}",
            )
        named = {part.name: part for part in saved}
        if self.rebuilt and {layer.name for layer in layers} == set(named):
            return [(layer, named[layer.name]) for layer in layers]
        return chosen(order, by_given_names(layers, saved), self.fits, self.what) or order

    def found(self, parts: Parts) -> list[tuple[Any, npt.NDArray[Any]]]:
        return [pair for layer, saved in parts for pair in self.arrays(layer, saved)]

    def fits(self, layer: keras.Layer, saved: Saved) -> bool:
        try:
            self.arrays(layer, saved)
        except ModelError:
            return False
        return True

    def arrays(self, layer: keras.Layer, saved: Saved) -> list[tuple[Any, npt.NDArray[Any]]]:
        """Every variable of a layer with its array. Raises ModelError if the shapes differ."""
        if isinstance(layer, keras.layers.TimeDistributed):
            return self.arrays(layer.layer, saved)
        if self.theano and isinstance(layer, _UNCLEAR):
            raise ModelError(
                self.what,
                where=f"layer {layer.name!r} ({type(layer).__name__})",
                why="Theano trained it, and how Theano kept such a layer's kernels is not known",
                attempt=REWRITE,
            )
        if isinstance(layer, keras.Model):
            parts = self._inside(layer, saved)
            if parts is not None:
                return self.found(parts)
            if self.theano and _reaches(layer):
                raise ModelError(
                    self.what,
                    where=f"layer {layer.name!r}",
                    why="Theano kept kernels backwards, and the names of the weights inside this "
                    "model do not say which are kernels",
                    attempt=REWRITE,
                )
        try:
            arrays = turned(layer, saved.arrays, self.theano)
        except (ValueError, IndexError):
            arrays = []  # of another layout than any known: said below
        own = variables(layer)
        expected = [tuple(variable.shape) for variable in own]
        if [array.shape for array in arrays] != expected:
            shapes = ", ".join(str(array.shape) for array in saved.arrays)
            raise ModelError(
                self.what,
                where=f"layer {layer.name!r} ({type(layer).__name__})",
                why=f"its weights have the shapes {', '.join(map(str, expected))}, "
                f"the file's {shapes}",
            )
        return list(zip(own, arrays, strict=True))

    def _inside(self, model: keras.Model, saved: Saved) -> Parts | None:
        names = inside_by_name(model, saved)
        if self.rebuilt:
            return names
        return chosen(inside_by_position(model, saved), names, self.fits, self.what)


def _of_the_model(model: keras.Model, group: h5py.Group, what: str) -> list[tuple[Any, Any]]:
    """The weights that are no layer's, in order, with their arrays."""
    inner = {id(each) for layer in model.layers for each in variables(layer)}
    own = [each for each in variables(model) if id(each) not in inner]
    arrays = _saved(group, _OF_THE_MODEL).arrays if _OF_THE_MODEL in group else []
    if [array.shape for array in arrays] != [tuple(each.shape) for each in own]:
        raise ModelError(
            what,
            why=f"the model has {len(own)} weights of its own that are no layer's, and the file "
            f"{len(arrays)}, or of other shapes",
        )
    return list(zip(own, arrays, strict=True))


def _reaches(layer: keras.Layer) -> bool:
    """Whether a layer holds a convolution for which it matters which end of its kernel is first."""
    if isinstance(layer, keras.Model):
        return any(_reaches(inner) for inner in layer.layers)
    if isinstance(layer, keras.layers.TimeDistributed):
        return _reaches(layer.layer)
    return isinstance(layer, CONVOLUTIONS) and max(layer.kernel_size) > 1


def _names(group: h5py.Group, key: str) -> list[str]:
    """A list of names in the attributes, where a long one is cut in numbered pieces."""
    if key in group.attrs:
        return [_text(name) for name in group.attrs[key]]
    pieces = takewhile(group.attrs.__contains__, (f"{key}{index}" for index in count()))
    return [_text(name) for piece in pieces for name in group.attrs[piece]]


def _text(value: Any) -> str:
    return value.decode("utf8") if isinstance(value, bytes) else str(value)


def _saved(group: h5py.Group, name: str) -> Saved:
    own = group[name]
    names = _names(own, "weight_names")
    return Saved(name, tuple((each, np.asarray(own[each])) for each in names))
