"""``--target``, ``--over`` and ``--reduce``: what is made of the outputs inside the graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

from fastism.cli.options import import_module_or_file, member
from fastism.errors import InputError
from fastism.reductions import WAYS, require_way

Command = TypeVar("Command", bound=Callable[..., Any])

NAMES: Final = ("target", "over", "reduce")
"""The options, as the verbs are given them."""

_NUMBERS = re.compile(r"\d+(,\d+)*")
_STRETCH = re.compile(r"(-?\d+)?:(-?\d+)?")
_FUNCTION = re.compile(r".+:[A-Za-z_]\w*")


def reduction_options(command: Command) -> Command:
    """``--target``, ``--over`` and ``--reduce``."""
    target = click.option(
        "--target",
        multiple=True,
        metavar="[OUTPUT=]N,N",
        help="Of a model: channels wanted of an output, as 0,3,7.",
    )
    over = click.option(
        "--over",
        multiple=True,
        metavar="[OUTPUT=]A:B",
        help="Of a model: positions wanted of an output, as 400:600.",
    )
    ways = f"{', '.join(WAYS)}, of its positions, each channel for itself"
    return target(over(_reduce(ways)(command)))


def function_option(command: Command) -> Command:
    """``--reduce``, where it can name nothing but a function."""
    return _reduce("the one it was compiled with, to hold its scores against the model")(command)


def _reduce(which: str) -> Callable[[Command], Command]:
    text = f"What an output is reduced to inside the graph: {which}; or a function of yours in "
    return click.option(
        "--reduce",
        multiple=True,
        metavar="[OUTPUT=]WAY|MODULE:FUNCTION",
        help=f"{text}keras.ops, which is run.",
    )


def parse_reduction_options(
    target: Sequence[str] = (), over: Sequence[str] = (), reduce: Sequence[str] = ()
) -> dict[str, Any]:
    """``target``, ``over`` and ``reduce`` as `fastism.compile` takes them.

    Imports the modules of functions. Raises InputError for text that cannot be read, and for an
    output, or all of them, named twice.
    """
    readers = {"target": _target, "over": _over, "reduce": _way}
    given = {"target": target, "over": over, "reduce": reduce}
    return {name: by_output(name, readers[name], texts) for name, texts in given.items()}


def by_output(option: str, read: Callable[[str], Any], texts: Sequence[str]) -> Any:
    """One value, or a mapping by output."""
    found: dict[str, Any] = {}
    for text in texts:
        output, _, value = text.rpartition("=")
        if output in found or (found and "" in (output, *found)):
            raise InputError(
                f"--{option} {text} comes on top of --{option} {texts[0]}",
                attempt=f"each output once, by name: --{option} OUTPUT={value}",
            )
        found[output] = read(value)
    return found.get("", found or None)


def _target(text: str) -> list[int]:
    if not _NUMBERS.fullmatch(text):
        raise InputError(
            f"--target {text} names no channels", why="it must be numbers from 0, as 0,3,7"
        )
    return [int(each) for each in text.split(",")]


def _over(text: str) -> slice:
    match = _STRETCH.fullmatch(text)
    if match is None or text == ":":
        raise InputError(
            f"--over {text} names no positions",
            why="it must be start:stop, counted from 0, stop not included, as 400:600",
        )
    return slice(*(int(part) if part else None for part in match.groups()))


def _way(text: str) -> Any:
    if not _FUNCTION.fullmatch(text):
        require_way(text)
        return text
    option = f"--reduce {text}"
    module, name = import_module_or_file(text, option)
    found = member(module, name, option)
    if not callable(found):
        raise InputError(f"{option} is no function", attempt="a function of keras.ops")
    return found
