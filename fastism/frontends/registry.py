"""Front ends by name: fastism's own, those registered in this process, and those packages offer.

A package offers a front end through an entry point of the group ``fastism.frontends``, which names
it and points at its module, whose ``FRONT_END`` it is.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final

from fastism.errors import InputError
from fastism.frontends.base import FrontEnd

GROUP: Final = "fastism.frontends"

_MODULES = {
    "keras": "fastism.frontends.keras.front_end",
}


def register_front_end(name: str, module: str) -> None:
    """Make the front end in a Python module (by its dotted path) known under a name.

    Raises InputError if another module has the name.
    """
    if _modules().get(name, module) != module:
        raise InputError(
            f"two front ends are called {name!r}", why=f"{_modules()[name]} and {module}"
        )
    _MODULES[name] = module


def front_end(name: str) -> FrontEnd:
    """The front end of a name. Raises InputError if there is none, or it cannot be imported."""
    modules = _modules()
    if name not in modules:
        near = difflib.get_close_matches(name, modules, n=1)
        raise InputError(
            f"there is no front end {name!r}; known: {', '.join(modules)}",
            attempt=f"did you mean {near[0]}?" if near else None,
        )
    try:
        found: FrontEnd = import_module(modules[name]).FRONT_END
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"the front end {name!r} cannot be imported",
            where=modules[name],
            why=str(error),
            attempt="fastism/frontends/base.py says what a front end is",
        ) from error
    return found


def recognising(model: object) -> FrontEnd | None:
    """The front end of a model, or of a path; None where it is of no kind that is known."""
    return next((end for end in map(front_end, _modules()) if end.recognises(model)), None)


def front_end_of(model: object) -> FrontEnd:
    """The front end of a model, or of a path.

    What none recognises the first is given all the same, to say what is wrong with it.
    """
    return recognising(model) or front_end(next(iter(_MODULES)))


def _modules() -> dict[str, str]:
    return {**_MODULES, **{p.name: p.module for p in _offered() if p.name not in _MODULES}}


@cache
def _offered() -> tuple[Any, ...]:
    return tuple(entry_points(group=GROUP))
