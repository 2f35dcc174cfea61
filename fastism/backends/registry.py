"""Backends by name: fastism's own, those registered in this process, and those packages offer.

A package offers a backend through an entry point of the group ``fastism.backends``, which names it
and points at its module. A backend is imported when first asked for, not before.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from fastism.backends.base import Backend, Forms
from fastism.errors import InputError

GROUP: Final = "fastism.backends"

_MODULES = {
    "tensorflow": "fastism.backends.tensorflow",
    "reference": "fastism.backends.reference",
    "onnx": "fastism.backends.onnx",
}


def register_backend(name: str, module: str) -> None:
    """Make the backend in a Python module (by its dotted path) known under a name.

    Raises InputError if another module has the name.
    """
    if _modules().get(name, module) != module:
        raise InputError(
            f"two backends are called {name!r}", why=f"{_modules()[name]} and {module}"
        )
    _MODULES[name] = module


def names() -> tuple[str, ...]:
    """Every backend that can be asked for. Nothing is imported to find out."""
    return tuple(_modules())


def backend(name: str) -> Backend[Any]:
    """The backend of a name. Raises InputError if there is none, or it cannot be imported."""
    modules = _modules()
    if name not in modules:
        near = difflib.get_close_matches(name, modules, n=1)
        raise InputError(
            f"there is no backend {name!r}; known: {', '.join(modules)}",
            attempt=f"did you mean {near[0]}?" if near else None,
        )
    try:
        found: Any = import_module(modules[name])
    except ImportError as error:
        raise InputError(
            f"the backend {name!r} cannot be imported", where=modules[name], why=str(error)
        ) from error
    missing = [part for part in ("FORMS", "emit") if not hasattr(found, part)]
    if missing:
        raise InputError(
            f"the backend {name!r} has no {' and no '.join(missing)}",
            where=modules[name],
            attempt="fastism/backends/base.py says what a backend is",
        )
    backend: Backend[Any] = found
    return backend


def forms_of(name: str) -> Forms[Any]:
    """The forms of a backend, by op. Raises InputError as `backend` does."""
    return backend(name).FORMS


def _modules() -> dict[str, str]:
    return {**{point.name: point.module for point in _offered()}, **_MODULES}


@cache
def _offered() -> tuple[Any, ...]:
    return tuple(entry_points(group=GROUP))
