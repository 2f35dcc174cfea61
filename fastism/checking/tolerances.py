"""How near to the model's own numbers a plan must come: the rounding of the model's own type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TOLERANCES = {"bfloat16": 5e-2, "float16": 5e-3, "float32": 1e-5, "float64": 1e-7}
"""The largest difference, as a share of the output's scale, by the type a model computes in.

Half precision is computed in f32: what is left is the rounding of the model itself, at every layer.
In float64 some functions of Keras hold their constants in float32 (gelu), and ours do not.
"""

SMALLEST_SCALE = 1e-6
"""An output whose largest magnitude is below this is compared as if it were this large."""


def tolerance_of(model: Any) -> float:
    """The tolerance for a Keras model: that of the coarsest type anything in it computes in.

    Layers that only name an input, or that are made of others, do not count; operations between
    layers compute in the type of their results.
    """
    layers = [model, *model._flatten_layers(include_self=False)]
    leaves = [
        layer
        for layer in layers
        if type(layer).__name__ != "InputLayer" and not getattr(layer, "_layers", ())
    ]
    between = {
        str(tensor.dtype)
        for layer in layers
        for operation in getattr(layer, "operations", ())
        if not hasattr(operation, "compute_dtype")
        for node in operation._inbound_nodes
        for tensor in node.outputs
    }
    computed = (between | {layer.compute_dtype for layer in leaves}) & set(TOLERANCES)
    return max((TOLERANCES[name] for name in computed), default=TOLERANCES["float32"])


def differences(found: Array, expected: Array) -> Array:
    """|found - expected| as a share of the largest finite magnitude of ``expected``.

    Zero where both are the same infinity or both NaN; infinite where only one is.
    """
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = max(float(finite.max(initial=0.0)), SMALLEST_SCALE)
    with np.errstate(invalid="ignore"):
        apart = np.abs(found - expected) / scale
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return np.asarray(np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart)))
