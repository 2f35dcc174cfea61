"""Passes by name: those registered in this process, and those other packages offer.

A package offers passes through entry points of the group ``fastism.passes``, named like the pass
and pointing at its class.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Final, TypeVar

from fastism.errors import PassError, did_you_mean
from fastism.passes.base import Pass, check_declaration
from fastism.plugins import offered

GROUP: Final = "fastism.passes"
PassType = TypeVar("PassType", bound=type[Pass])

_TABLE: dict[str, type[Pass]] = {}
_REGISTERED: Final = "--passes-from FILE.py, where @register_pass stands above it"


def register_pass(pass_type: PassType) -> PassType:
    """Class decorator that makes a pass known to pipeline strings.

    Running a class statement again, as notebooks do, replaces the earlier class. Raises PassError
    if another pass has the name, or the class is not well declared.
    """
    check_declaration(pass_type)
    other = _TABLE.get(pass_type.name)
    if other is not None and _path(other) != _path(pass_type):
        raise PassError(
            f"two passes are called {pass_type.name!r}",
            why=f"{_path(other)} and {_path(pass_type)}",
            attempt="rename one of them",
        )
    _TABLE[pass_type.name] = pass_type
    return pass_type


def names() -> tuple[str, ...]:
    """Every pass a pipeline string may name, sorted. Nothing is loaded to find out."""
    return tuple(sorted({*_TABLE, *(point.name for point in offered(GROUP))}))


def registered_by(module: str) -> tuple[str, ...]:
    """The passes whose classes stand in a module."""
    return tuple(name for name, each in _TABLE.items() if each.__module__ == module)


def lookup(name: str) -> type[Pass]:
    """The pass of a name.

    Raises PassError if there is none, if two packages offer one, or if it cannot be loaded.
    """
    for point in offered(GROUP):
        if point.name == name:
            register_pass(_load(point))
    if name in _TABLE:
        return _TABLE[name]
    raise PassError(
        f"there is no pass {name!r}",
        why=f"known passes: {', '.join(names())}",
        attempt=did_you_mean(name, names()) or _REGISTERED,
    )


def _load(point: EntryPoint) -> type[Pass]:
    package = point.dist.name if point.dist else point.module
    what = f"the pass {point.name!r} of the package {package} cannot be loaded"
    attempt = f"reinstall or remove {package}"
    try:
        found = point.load()
    except Exception as error:
        raise PassError(
            what, where=point.value, why=f"{type(error).__name__}: {error}", attempt=attempt
        ) from error
    if not (isinstance(found, type) and issubclass(found, Pass)):
        raise PassError(what, where=point.value, why="it is not a subclass of fastism.passes.Pass")
    if found.name != point.name:
        raise PassError(what, where=point.value, why=f"the pass calls itself {found.name!r}")
    return found


def _path(pass_type: type[Pass]) -> str:
    return f"{pass_type.__module__}.{pass_type.__qualname__}"
