"""Which models run a graph of layers, and which run code of their own."""

from __future__ import annotations

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
