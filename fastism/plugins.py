"""What may be added to fastism under a name: by a line in this process, or by a package.

A package offers something through an entry point, whose group says what kind of thing it is. An
entry point is loaded when its name is first asked for, not before.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from fastism.errors import InputError, did_you_mean


@cache
def offered(group: str) -> tuple[EntryPoint, ...]:
    """What the installed packages offer in a group."""
    return tuple(entry_points(group=group))


class Modules:
    """Python modules by the name of what each of them holds.

    kind: what that is, in messages, "backend". group: that of the entry points. own: fastism's, by
    dotted path. parts: names that such a module must have. described: the file that says more.
    """

    def __init__(
        self, kind: str, group: str, own: dict[str, str], parts: tuple[str, ...], described: str
    ) -> None:
        self._kind, self._group, self._parts, self._described = kind, group, parts, described
        self.paths = own

    def register(self, name: str, module: str) -> None:
        """Make a module known under a name. Raises InputError if another has the name."""
        known = self._known()
        if known.get(name, module) != module:
            raise InputError(
                f"two {self._kind}s are called {name!r}", why=f"{known[name]} and {module}"
            )
        self.paths[name] = module

    def names(self) -> tuple[str, ...]:
        """Every name, fastism's own first. Nothing is imported to find out."""
        return tuple(self._known())

    def check(self, name: str) -> None:
        """Raise InputError if there is no such name. Nothing is imported."""
        known = self._known()
        if name not in known:
            raise InputError(
                f"there is no {self._kind} {name!r}; known: {', '.join(known)}",
                attempt=did_you_mean(name, known),
            )

    def load(self, name: str) -> ModuleType:
        """The module of a name.

        Raises InputError if there is none, or it cannot be imported, or is not of the kind.
        """
        self.check(name)
        known = self._known()
        try:
            found = import_module(known[name])
        except ImportError as error:
            raise InputError(
                f"the {self._kind} {name!r} cannot be imported", where=known[name], why=str(error)
            ) from error
        missing = [part for part in self._parts if not hasattr(found, part)]
        if missing:
            raise InputError(
                f"the {self._kind} {name!r} has no {' and no '.join(missing)}",
                where=known[name],
                attempt=f"{self._described} says what a {self._kind} is",
            )
        return found

    def _known(self) -> dict[str, str]:
        others = {point.name: point.module for point in offered(self._group)}
        return {**self.paths, **{n: path for n, path in others.items() if n not in self.paths}}
