"""``--rc`` and ``--strands``: both strands, and what outputs are on the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

from fastism.cli.reductions import by_output
from fastism.errors import InputError

Command = TypeVar("Command", bound=Callable[..., Any])

_WORDS: Final = ("same", "reversed", "swapped")
_CHANNELS = re.compile(r"\d+(,\d+)*")


def strands_options(command: Command) -> Command:
    """``--rc`` and ``--strands``."""
    both = click.option(
        "--rc", is_flag=True, help="The mean over both strands, of predictions before any score."
    )
    strands = click.option(
        "--strands",
        multiple=True,
        metavar="[OUTPUT=]WORD",
        help="With --rc, what an output of several channels is on the other strand: same (tasks), "
        "reversed (tracks), swapped (tracks of the two strands), or the channel each pairs with, "
        "as 1,0.",
    )
    return both(strands(command))


def parse_strands_options(strands: Sequence[str], *, rc: bool) -> Any:
    """``strands`` as `fastism.BothStrands` takes it. Raises InputError for other text."""
    if strands and not rc:
        raise InputError("--strands says what --rc does with outputs, and --rc is not given")
    return by_output("strands", _strands, strands)


def _strands(text: str) -> str | list[int]:
    if _CHANNELS.fullmatch(text):
        return [int(each) for each in text.split(",")]
    if text not in _WORDS:
        raise InputError(
            f"--strands {text} cannot be read",
            why=f"it must be {', '.join(_WORDS)}, or a channel for each, as 1,0",
        )
    return text
