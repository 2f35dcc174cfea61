"""How near to the model's own numbers a plan must come: the rounding of the model's own type."""

from __future__ import annotations

from typing import Any

TOLERANCES = {"bfloat16": 5e-2, "float16": 5e-3, "float32": 1e-5, "float64": 1e-7}
"""The largest difference, as a share of the output's scale, by the type a model computes in.

Half precision is computed in f32: what is left is the rounding of the model itself, at every layer.
In float64 some functions of Keras hold their constants in float32 (gelu), and ours do not.
"""


def tolerance_of(model: Any) -> float:
    """The tolerance for a live Keras model: that of the coarsest type a layer of it computes in.

    Layers that only name an input, or that are made of others, do not count.
    """
    layers = [model, *model._flatten_layers(include_self=False)]
    leaves = [
        layer
        for layer in layers
        if type(layer).__name__ != "InputLayer" and not getattr(layer, "_layers", ())
    ]
    computed = {layer.compute_dtype for layer in leaves} & set(TOLERANCES)
    return max((TOLERANCES[name] for name in computed), default=TOLERANCES["float32"])
