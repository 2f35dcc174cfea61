"""Which of the saved weights are a layer's, where a model and its weights come apart.

Keras writes the layers of a model in their order and reads them back in it. Names say the same,
except where a layer was renamed, or where the automatic ones (``conv1d_3``) moved on: those count
the layers made so far in a process and say nothing. So order decides; where names that somebody
gave contradict it, shapes decide between the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy.typing as npt

from fastism.errors import ModelError

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Saved:
    """Some weights of a file: the layer they were of, and (name, array) each."""

    name: str
    entries: tuple[tuple[str, Array], ...]

    @property
    def arrays(self) -> list[Array]:
        return [array for _, array in self.entries]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.entries]


Parts = list[tuple[keras.Layer, Saved]]
"""Every layer with the weights that are taken for its own."""

_LEAVES = {
    "kernel",
    "bias",
    "gamma",
    "beta",
    "moving_mean",
    "moving_variance",
    "recurrent_kernel",
    "depthwise_kernel",
    "pointwise_kernel",
    "embeddings",
}
"""Names of single weights that have been the same since Keras 2."""


def variables(layer: keras.Layer) -> list[Any]:
    """The weights of a layer in the order of the file: what is trained, then the rest."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def by_position(layers: Sequence[keras.Layer], saved: Sequence[Saved]) -> Parts | None:
    """The first layer with the first that was saved, and so on; None if there are more of one."""
    return list(zip(layers, saved, strict=True)) if len(layers) == len(saved) else None


def by_given_names(layers: Sequence[keras.Layer], saved: Sequence[Saved]) -> Parts | None:
    """Layers of a name that somebody gave with those saved under it, the others by position."""
    named = {part.name: part for part in saved}
    found = {
        layer: named[layer.name]
        for layer in layers
        if layer.name in named and not has_automatic_name(layer)
    }
    taken = set(found.values())
    others = [layer for layer in layers if layer not in found]
    rest = by_position(others, [part for part in saved if part not in taken])
    if rest is None:
        return None
    found.update(rest)
    return [(layer, found[layer]) for layer in layers]


def has_automatic_name(layer: keras.Layer) -> bool:
    """Whether a layer's name is one that Keras makes: its class, and a number."""
    made = re.sub(r"_\d+$", "", layer.name).replace("_", "")
    return made in (type(layer).__name__.lower(), "functional", "model")


def inside_by_position(model: keras.Model, saved: Saved) -> Parts | None:
    """A nested model's weights by inner layer, in the file's order; None where that cannot be."""
    order = variables(model)
    if len(order) != len(saved.entries):
        return None
    if not all(_may_be(*pair) for pair in zip(order, saved.names, strict=True)):
        return None
    entries = {id(variable): entry for variable, entry in zip(order, saved.entries, strict=True)}
    parts = [
        (layer, Saved(layer.name, tuple(entries.pop(id(each)) for each in variables(layer))))
        for layer in model.layers
        if variables(layer) and all(id(each) in entries for each in variables(layer))
    ]
    return None if entries or _mixes(parts) else parts


def _mixes(parts: Parts) -> bool:
    """Whether two layers would share what was one's: part of the model was frozen at the time."""
    homes = [{name.rpartition("/")[0] for name in part.names} - {""} for _, part in parts]
    return len(set().union(*homes)) < sum(map(len, homes))


def inside_by_name(model: keras.Model, saved: Saved) -> Parts | None:
    """A nested model's weights by inner layer, if the names in the file tell them apart."""
    layers = [layer for layer in model.layers if variables(layer)]
    parts = [
        (
            layer,
            Saved(
                layer.name,
                tuple(entry for entry in saved.entries if layer.name in entry[0].split("/")[:-1]),
            ),
        )
        for layer in layers
    ]
    names = [name for _, part in parts for name in part.names]
    whole = len(names) == len(set(names)) == len(saved.entries)
    fits = all(len(part.entries) == len(variables(layer)) for layer, part in parts)
    return parts if whole and fits else None


def chosen(
    order: Parts | None,
    names: Parts | None,
    fits: Callable[[keras.Layer, Saved], bool],
    what: str,
) -> Parts | None:
    """The better of two readings: the one that fits, or, if both do, that of the order.

    None if there is no reading. Raises ModelError, with both, where both fit and names that
    somebody gave contradict the order.
    """
    if order is None or names is None or not _differ(order, names):
        return order if order is not None else names
    fitting = [parts for parts in (order, names) if all(fits(*part) for part in parts)]
    if len(fitting) == 2 and any(not has_automatic_name(layer) for layer in _differ(order, names)):
        raise ModelError(
            what,
            why="the order and the names of the layers disagree about which weights are whose, "
            f"and the shapes fit both: by order {_shown(order, names)}; "
            f"by name {_shown(names, order)}",
            attempt="name the layers as in the file, or have the function load the weights as is "
            "right (model.load_weights) and compile the model it returns",
        )
    return fitting[0] if fitting else order


def _differ(one: Parts, other: Parts) -> list[keras.Layer]:
    """The layers that two readings give other weights."""
    theirs = {layer: part.names for layer, part in other}
    return [layer for layer, part in one if theirs.get(layer) != part.names]


def _shown(parts: Parts, other: Parts) -> str:
    differ = _differ(parts, other)
    shown = [f"{layer.name} <- {_home(part)}" for layer, part in parts if layer in differ]
    return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")


def _home(part: Saved) -> str:
    """Where weights were in the file: the layer in their names, else the layer they are kept by."""
    return (part.names[0].rpartition("/")[0] if part.entries else "") or part.name


def _may_be(variable: Any, name: str) -> bool:
    """Whether an array's name does not contradict that it is the variable."""
    leaf = re.sub(r"_\d+$", "", name.rpartition("/")[2].partition(":")[0])
    return leaf == variable.name or not {leaf, variable.name} <= _LEAVES
