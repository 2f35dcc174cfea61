"""fastism: a compiler for in-silico saturation mutagenesis of Keras sequence models.

Names are loaded when first used, so that ``import fastism`` is quick and imports no TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastism import scores
    from fastism.api import compile, from_module, load
    from fastism.compatibility import FastISM, NaiveISM
    from fastism.errors import FastismError
    from fastism.frontends.keras.live.custom import register_layer
    from fastism.io.alphabet import one_hot
    from fastism.passes.registry import register_pass
    from fastism.runtime.alternatives import shuffled
    from fastism.runtime.both_strands import BothStrands
    from fastism.runtime.ensemble import Ensemble
    from fastism.runtime.plan import Plan
    from fastism.runtime.scores import Scores

    __version__: str

_HOMES = {
    "compile": "fastism.api",
    "load": "fastism.api",
    "from_module": "fastism.api",
    "FastismError": "fastism.errors",
    "register_layer": "fastism.frontends.keras.live.custom",
    "register_pass": "fastism.passes.registry",
    "one_hot": "fastism.io.alphabet",
    "shuffled": "fastism.runtime.alternatives",
    "FastISM": "fastism.compatibility",
    "NaiveISM": "fastism.compatibility",
    "Plan": "fastism.runtime.plan",
    "BothStrands": "fastism.runtime.both_strands",
    "Ensemble": "fastism.runtime.ensemble",
    "Scores": "fastism.runtime.scores",
}

__all__ = [  # noqa: RUF022  (in the order a reader meets them)
    "compile",
    "load",
    "from_module",
    "Plan",
    "BothStrands",
    "Ensemble",
    "Scores",
    "scores",
    "one_hot",
    "shuffled",
    "FastISM",
    "NaiveISM",
    "register_layer",
    "register_pass",
    "FastismError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from fastism.io.versions import fastism_version

        value: Any = fastism_version()
    elif name == "scores":
        value = import_module("fastism.scores")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'fastism' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
