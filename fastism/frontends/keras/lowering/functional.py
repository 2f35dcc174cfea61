"""Which models run a graph of layers, and which run code of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras.src.models.functional import Functional


def functional_graph(model: object) -> Functional | None:
    """The functional graph a model runs, or None for one that runs code of its own."""
    if isinstance(model, keras.Sequential):
        ordinary = type(model).call is keras.Sequential.call
        return model._functional if ordinary else None
    if isinstance(model, Functional):
        return model if type(model).call is Functional.call else None
    return None


def paths(structure: Any) -> list[str]:
    """Where each leaf of a nested structure lies, in the order of Keras: ``first.0``."""
    return [".".join(map(str, path)) for path, _ in keras.tree.flatten_with_path(structure)]


def output_names(model: keras.Model) -> list[str]:
    """The user's names of a functional model's outputs, in their order, unique.

    The keys of a dict, or the output layers' names.
    """
    functional = functional_graph(model)
    assert functional is not None
    if isinstance(functional._outputs_struct, dict):
        # Keras flattens a dict by its sorted keys, as the order of model.outputs shows.
        return numbered(paths(functional._outputs_struct))
    return numbered(getattr(model, "output_names", functional.output_names))


def numbered(names: Sequence[str]) -> list[str]:
    """Names, those that come again with their number: ``score``, ``score:2``."""
    unique: list[str] = []
    for name in names:
        count = list(names[: len(unique)]).count(name) + 1
        unique.append(name if count == 1 else f"{name}:{count}")
    return unique
