"""Weights that are NaN or infinite: what a model computes from them means nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastism.errors import FastismWarning
from fastism.ir.module import Module

if TYPE_CHECKING:
    from fastism.frontends.base import LiveLayer


def not_finite(imported: Module, opaque: Mapping[str, LiveLayer]) -> list[str]:
    """A sentence for every weight with entries that are NaN or infinite, naming its layer.

    opaque: the live layers behind the module's opaque nodes, by key.
    """
    return [
        f"{_counted(array)} in the {role} of layer {layer!r}"
        for layer, role, array in _weights(imported, opaque)
        if array.dtype.kind not in "biu" and not np.isfinite(array).all()
    ]


def warn_of_weights(imported: Module, opaque: Mapping[str, LiveLayer]) -> None:
    """Warn of every weight with entries that are NaN or infinite."""
    for said in not_finite(imported, opaque):
        warnings.warn(
            f"the model holds {said}: what is computed from them is NaN or infinite in the model "
            "itself, and such numbers agree with nothing",
            FastismWarning,
            stacklevel=3,
        )


def _weights(module: Module, opaque: Mapping[str, LiveLayer]) -> Iterator[tuple[str, str, Any]]:
    """(layer, role, array) of every weight, each constant at the first node that reads it."""
    seen: set[str] = set()
    for graph in module.graphs:
        for node in graph.nodes:
            layer = node.origin.layer if node.origin else node.name
            for role, name in node.constants:
                data = module.constants[name].data
                if name not in seen and data is not None:
                    yield layer, role, data
                seen.add(name)
    for key, live in opaque.items():
        for name, array in live.weights().items():
            yield key, f"weight {name!r}", np.asarray(array)


def _counted(array: Any) -> str:
    numbers = array.astype(np.float64)
    missing, infinite = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
    parts = [f"{missing:,} NaN"] * bool(missing) + [f"{infinite:,} infinite"] * bool(infinite)
    return " and ".join(parts) + (" entry" if missing + infinite == 1 else " entries")
