"""Tools to hold plans against models; loaded when first used, as Keras comes with them.

For users: what ``__all__`` names. For those who work on the compiler, each by its own module:
``python -m fastism.testing.fuzz`` tries random models and prints the smallest that fails (made in
`drawing`, tried in `trial`, cut down in `shrink`); `oracles` says which positions really changed;
`equality` compares modules and graphs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastism.testing.compare import assert_matches_model
    from fastism.testing.random_models import random_model

_HOMES = {
    "assert_matches_model": "fastism.testing.compare",
    "random_model": "fastism.testing.random_models",
}

__all__ = ["assert_matches_model", "random_model"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fastism.testing' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
