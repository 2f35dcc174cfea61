"""Backends by name: fastism's own, those registered in this process, and those packages offer.

A package offers a backend through an entry point of the group ``fastism.backends``, which names it
and points at its module.
"""

from __future__ import annotations

import os
from typing import Any, Final

from fastism.backends.base import Backend, Forms
from fastism.plugins import Modules

MODULES: Final = Modules(
    "backend",
    "fastism.backends",
    {
        "tensorflow": "fastism.backends.tensorflow",
        "native": "fastism.backends.native",
        "auto": "fastism.backends.auto",
        "reference": "fastism.backends.reference",
        "onnx": "fastism.backends.onnx",
    },
    ("FORMS", "emit"),
    "fastism/backends/base.py",
)

VARIABLE: Final = "FASTISM_BACKEND"
"""The environment variable that names the backend of plans for which none is asked."""


def default() -> str:
    """The backend of plans for which none is asked.

    Raises InputError where the environment names one that there is not.
    """
    name = os.environ.get(VARIABLE) or "auto"
    check_backend(name)
    return name


def register_backend(name: str, module: str) -> None:
    """Make the backend in a Python module (by its dotted path) known under a name.

    Raises InputError if another module has the name.
    """
    MODULES.register(name, module)


def names() -> tuple[str, ...]:
    """Every backend that can be asked for. Nothing is imported to find out."""
    return MODULES.names()


def check_backend(name: str) -> None:
    """Raise InputError if there is no backend of a name. Nothing is imported to find out."""
    MODULES.check(name)


def backend(name: str) -> Backend[Any]:
    """The backend of a name. Raises InputError if there is none, or it cannot be imported."""
    found: Any = MODULES.load(name)
    backend: Backend[Any] = found
    return backend


def forms_of(name: str) -> Forms[Any]:
    """The forms of a backend, by op. Raises InputError as `backend` does."""
    return backend(name).FORMS
