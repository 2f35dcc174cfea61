"""Arguments and options that several verbs take, and how their text is read."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import click

from fastism.errors import InputError

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
"""A path; the verbs check it themselves, to say in prose what is wrong with it."""

_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def force_option(command: Command) -> Command:
    """``--force``."""
    return click.option("--force", is_flag=True, help="Replace the target if it exists.")(command)


def length_option(command: Command) -> Command:
    """``--length``."""
    text = "Positions of the input, for a model built for any length."
    return click.option("--length", type=click.IntRange(min=1), help=text)(command)


def model_options(command: Command) -> Command:
    """The options of every verb that loads a Keras model."""
    custom = click.option(
        "--custom-objects",
        metavar="MODULE",
        help="Python module (or .py file) with the classes and functions the model needs.",
    )
    unsafe = click.option(
        "--unsafe", is_flag=True, help="Let the model file run code it carries (Lambda layers)."
    )
    return custom(unsafe(command))


def check_model_file(path: Path) -> None:
    """Raises InputError, before Keras is imported, if there is no such model file."""
    if not path.is_file():
        what = "is a folder, not a model file" if path.is_dir() else "does not exist"
        raise InputError(f"the model {path} {what}", attempt="a .keras or .h5 file")


def parse_sites(text: str | None) -> list[tuple[int, int]] | None:
    """``a:b`` or ``a:b:step`` to intervals of one position each. Raises InputError."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+):(\d+)(?::(\d+))?", text)
    start, stop, step = (int(part or 1) for part in match.groups()) if match else (0, 0, 1)
    if stop <= start or step < 1:
        raise InputError(
            f"--sites {text} names no positions",
            why="it must be start:stop or start:stop:step, 0-based, stop not included",
            attempt="--sites 400:600",
        )
    return [(position, position + 1) for position in range(start, stop, step)]


def parse_input(text: str) -> int | str:
    """An input by position or by name."""
    return int(text) if text.isdigit() else text


def parse_memory(text: str) -> int:
    """``512M``, ``2GB``, ``1.5GiB`` to bytes. Raises InputError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    size = int(float(match[1]) * _BYTES[match[2]]) if match else 0
    if size < 1:
        raise InputError(f"--memory {text} is not an amount of memory", attempt="--memory 2GB")
    return size


def load_custom_objects(source: str | None) -> dict[str, Any] | None:
    """Import a module and return its public classes and functions by name.

    ``source`` is a dotted name, or a file ending in ``.py``. Passes and ops that the module
    registers are registered. Raises InputError if it cannot be imported.
    """
    if source is None:
        return None
    try:
        module = _import_file(Path(source)) if source.endswith(".py") else _import_name(source)
    except Exception as error:  # the user's module may raise anything
        raise InputError(
            f"--custom-objects {source} cannot be imported",
            why=f"{type(error).__name__}: {error}",
        ) from error
    return {
        name: value
        for name, value in vars(module).items()
        if callable(value) and not name.startswith("_")
    }


def _import_name(name: str) -> ModuleType:
    return importlib.import_module(name)


def _import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
