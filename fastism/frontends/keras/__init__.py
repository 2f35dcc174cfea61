"""Keras models: load a file, lower the model to the IR, keep what the IR cannot say.

Here is what a handler of one's own needs (`examples/custom_op.py`). Names are loaded when first
used: whether a model is of Keras is asked without importing Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastism.frontends.keras.calls.call import (
        Call,
        Expression,
        Step,
        array,
        arrays,
        handles,
        refuse,
    )
    from fastism.frontends.keras.live.custom import register_layer
    from fastism.frontends.keras.lowering.lower import lower

_CALLS = "fastism.frontends.keras.calls.call"
_HOMES = {
    **dict.fromkeys(("Call", "Expression", "Step", "array", "arrays", "handles", "refuse"), _CALLS),
    "lower": "fastism.frontends.keras.lowering.lower",
    "register_layer": "fastism.frontends.keras.live.custom",
}

__all__ = [
    "Call",
    "Expression",
    "Step",
    "array",
    "arrays",
    "handles",
    "lower",
    "refuse",
    "register_layer",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fastism.frontends.keras' has no attribute {name!r}")
    value: Any = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
