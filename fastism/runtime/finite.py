"""Weights that are NaN or infinite, or make such numbers: what they compute means nothing."""

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

    So too for a variance that has no root.

    opaque: the live layers behind the module's opaque nodes, by key.
    """
    return [
        f"{counted} in the {role} of layer {layer!r}"
        for layer, role, array, least in _weights(imported, opaque)
        if array.dtype.kind not in "biu" and (counted := _counted(array, least))
    ]


def warn_of_weights(imported: Module, opaque: Mapping[str, LiveLayer]) -> None:
    """Warn of every weight of which `not_finite` has a sentence."""
    for said in not_finite(imported, opaque):
        warnings.warn(
            f"the model holds {said}: what is computed from them is NaN or infinite in the model "
            "itself, and such numbers agree with nothing",
            FastismWarning,
            stacklevel=3,
        )


def _weights(
    module: Module, opaque: Mapping[str, LiveLayer]
) -> Iterator[tuple[str, str, Any, float]]:
    """(layer, role, array, least entry) of every weight, once, at the first node that reads it."""
    seen: set[str] = set()
    for graph in module.graphs:
        for node in graph.nodes:
            layer = node.origin.layer if node.origin else node.name
            for role, name in node.constants:
                data = module.constants[name].data
                if name not in seen and data is not None:
                    root = node.op == "batch_norm" and role == "variance"
                    yield layer, role, data, -node.number("epsilon") if root else -np.inf
                seen.add(name)
    for key, live in opaque.items():
        for name, array in live.weights().items():
            yield key, f"weight {name!r}", np.asarray(array), -np.inf


def _counted(array: Any, least: float) -> str:
    """How many entries are NaN, infinite, or finite and below the least; empty if none is."""
    if np.isfinite(array).all() and (least == -np.inf or (array >= least).all()):
        return ""  # as nearly always
    numbers = array.astype(np.float64)
    counts = {
        "NaN": int(np.isnan(numbers).sum()),
        "infinite": int(np.isinf(numbers).sum()),
        "negative": int((np.isfinite(numbers) & (numbers < least)).sum()),
    }
    parts = [f"{count:,} {kind}" for kind, count in counts.items() if count]
    entries = "entry" if sum(counts.values()) == 1 else "entries"
    return f"{' and '.join(parts)} {entries}" if parts else ""
