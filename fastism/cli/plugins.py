"""Passes and instruments of the user's own, by the names of their files or modules."""

from __future__ import annotations

from typing import Any

from fastism.cli.options import import_module_or_file, member
from fastism.errors import InputError


def load_passes(sources: tuple[str, ...]) -> None:
    """Import modules or .py files that register passes.

    Raises InputError for one that cannot be imported, or that registers none.
    """
    from fastism.passes.registry import registered_by

    for source in sources:
        module, _ = import_module_or_file(source, f"--passes-from {source}")
        if not registered_by(module.__name__):
            raise InputError(
                f"--passes-from {source}: it registers no pass",
                why="a pass is a dataclass with @register_pass above it (fastism.passes)",
                attempt="examples/custom_pass.py is one",
            )


def load_instruments(sources: tuple[str, ...]) -> list[Any]:
    """An instrument of every ``module:Class`` or ``file.py:Class``; a class is called.

    Raises InputError where there is none.
    """
    from fastism.errors import PassError
    from fastism.passes.instruments import check_instrument

    instruments = []
    for source in sources:
        option = f"--instrument {source}"
        if ":" not in source:
            raise InputError(f"{option} names no class", attempt="--instrument watch.py:Watch")
        module, name = import_module_or_file(source, option)
        found = member(module, name, option)
        try:
            instruments.append(found() if isinstance(found, type) else found)
            check_instrument(instruments[-1])
        except PassError as error:
            raise InputError(f"{option} is no instrument", why=error.why) from error
        except Exception as error:  # the user's class may raise anything
            raise InputError(
                f"{option} cannot be made", why=f"{type(error).__name__}: {error}"
            ) from error
    return instruments
