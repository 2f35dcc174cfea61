"""Arguments and options that several verbs take, and how their text is read."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from fastism.errors import FastismError, InputError, require_file
from fastism.io.manifest import MANIFEST

if TYPE_CHECKING:
    from fastism.frontends.base import Architecture

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path, readable=False)
"""A path; the verbs check it themselves, to say in prose what is wrong with it."""

_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def complete_file(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """For the shell: a file, where an option takes a path and more."""
    return [CompletionItem(incomplete, type="file")]


def complete_format(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """For the shell: the formats of scores that begin so."""
    from fastism.io.writers.registry import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def complete_score(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """For the shell: the score definitions that begin so."""
    from fastism.scores import SCORES

    return [name for name in SCORES if name.startswith(incomplete)]


def force_option(command: Command) -> Command:
    """``--force``."""
    return click.option("--force", is_flag=True, help="Replace the target if it exists.")(command)


def resume_option(command: Command) -> Command:
    """``--resume``."""
    text = "Go on with the run that was stopped; begin it where none was."
    return click.option("--resume", is_flag=True, help=text)(command)


def length_option(command: Command) -> Command:
    """``--length``."""
    text = "Positions of the input, for a model built for any length."
    return click.option("--length", type=click.IntRange(min=1), help=text)(command)


def model_options(command: Command) -> Command:
    """The options of every verb that loads a model."""
    custom = click.option(
        "--custom-objects",
        metavar="MODULE",
        help="Python module or .py file with the classes and functions the model needs; "
        "MODULE:NAME for one of them, or for a dictionary of them.",
    )
    unsafe = click.option(
        "--unsafe", is_flag=True, help="Let the model file run code it carries (Lambda layers)."
    )
    return custom(unsafe(command))


def architecture_option(command: Command) -> Command:
    """``--architecture``."""
    text = (
        "For a file of weights alone: your function that returns the built model, which is run; or "
        "a .json or .yaml file that Keras wrote."
    )
    return click.option("--architecture", metavar="MODULE:FUNCTION|FILE", help=text)(command)


def signature_option(command: Command) -> Command:
    """``--signature``."""
    text = "Of a SavedModel: which of the functions it serves is the model."
    return click.option("--signature", metavar="NAME", help=text)(command)


def is_model(path: Path) -> bool:
    """Whether a front end recognises a file or folder, by its name or what it holds."""
    from fastism.frontends.registry import recognising

    return recognising(path) is not None


def seq_input_option(command: Command) -> Command:
    """``--seq-input``."""
    text = "Of a model: which input is edited, by position or name."
    return click.option("--seq-input", default="0", help=text)(command)


def outputs_option(command: Command) -> Command:
    """``--outputs``, which was ``--output-name``."""
    text = "An output wanted; default: all. May be given several times."
    names = ("--outputs", "--output-name", "outputs")
    return click.option(*names, multiple=True, metavar="NAME", help=text)(command)


def weights_option(command: Command) -> Command:
    """``--weights``."""
    text = "Of text: a plan of the same model, which has its weights."
    return click.option("--weights", type=PATH, metavar="PLAN", help=text)(command)


def dump_option(command: Command) -> Command:
    """``--dump-dir``, also ``--dump-ir``."""
    text, names = "Write the module after every pass.", ("--dump-ir", "--dump-dir", "dump_ir")
    return click.option(*names, type=PATH, metavar="DIR", help=text)(command)


def pass_options(command: Command) -> Command:
    """``--passes-from`` and ``--instrument``."""
    passes = click.option(
        "--passes-from",
        multiple=True,
        metavar="MODULE",
        help="A .py file or module that registers passes of your own; it is run.",
    )
    instrument = click.option(
        "--instrument",
        multiple=True,
        metavar="MODULE:CLASS",
        help="A class of your own that watches the passes (before, after); it is run.",
    )
    return passes(instrument(command))


def check_model_file(path: Path) -> None:
    """Raises InputError, before its framework is imported, if there is no such model file."""
    if not path.is_file() and not (path.is_dir() and is_model(path)):
        what = "is a folder, not a model file" if path.is_dir() else "does not exist"
        what = "is a plan, made of a model already" if (path / MANIFEST).is_file() else what
        raise InputError(
            f"the model {path} {what}", attempt="a .keras or .h5 file, or a SavedModel folder"
        )


def check_picture(path: Path, purpose: str) -> None:
    """Raises InputError where what draws is missing, or a name does not end as a picture's.

    purpose: what asks for it, as the subject of a sentence.
    """
    from fastism.plotting.choices import SUFFIXES
    from fastism.plotting.require import require_plotting

    require_plotting(purpose)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"{path} does not say what kind of picture it is to be",
            attempt=f"a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
        )


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

    ``source`` is a dotted name, found in the current folder too, or a file ending in ``.py``;
    ``:name`` after it picks one of them, or a dictionary. Passes and ops that the module registers
    are registered. Raises InputError if it cannot be imported.
    """
    if source is None:
        return None
    option = f"--custom-objects {source}"
    module, name = import_module_or_file(source, option)
    if not name:
        return {
            key: value
            for key, value in vars(module).items()
            if callable(value) and not key.startswith("_")
        }
    found = member(module, name, option)
    return dict(found) if isinstance(found, Mapping) else {name: found}


def load_architecture(source: str | None) -> Architecture | None:
    """The function that ``module:function`` or ``file.py:function`` names, or a description's path.

    Raises InputError if there is none.
    """
    if source is None:
        return None
    if Path(source).suffix.lower() in (".json", ".yaml", ".yml"):
        return source
    option = f"--architecture {source}"
    if not source.rpartition(":")[0]:
        raise InputError(f"{option} names no function", attempt="--architecture module:function")
    module, name = import_module_or_file(source, option)
    found = member(module, name, option)
    if not callable(found):
        raise InputError(
            f"{option} is no function", attempt="a function of no arguments that returns the model"
        )
    function: Callable[[], Any] = found
    return function


def import_module_or_file(source: str, option: str) -> tuple[ModuleType, str]:
    """A module of the user's, and the name after its colon. Raises InputError."""
    place, _, name = source.rpartition(":") if ":" in source else (source, "", "")
    try:
        module = _import_file(Path(place)) if place.endswith(".py") else _import_name(place)
    except FastismError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        raise InputError(f"{option} cannot be imported", why=why) from error
    except Exception as error:  # the user's module may raise anything
        raise InputError(
            f"{option} cannot be imported", why=f"{type(error).__name__}: {error}"
        ) from error
    return module, name


def member(module: ModuleType, name: str, option: str) -> Any:
    if not hasattr(module, name):
        known = ", ".join(key for key in vars(module) if not key.startswith("_"))
        raise InputError(f"{option}: there is no {name} in it", why=f"it has {known or 'nothing'}")
    return getattr(module, name)


def _import_name(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    return importlib.import_module(name)


def _import_file(path: Path) -> ModuleType:
    require_file(path, "Python file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # where a dataclass looks up its own module
    spec.loader.exec_module(module)
    return module
