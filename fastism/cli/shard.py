"""``--shard``: a part of a run, for a job that knows nothing of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.parts import Share
    from fastism.io.writers.publish import Target

Command = TypeVar("Command", bound=Callable[..., Any])


def shard_option(command: Command) -> Command:
    """``--shard``."""
    return click.option(
        "--shard",
        metavar="I/N",
        help="Only the I-th of N parts of the sequences, into a scores file that fastism merge "
        "joins with the others: for array jobs.",
    )(command)


def parse_shard(text: str | None, targets: Sequence[Target]) -> Share | None:
    """Which part is wanted, in scores files alone. Raises InputError for other text or formats."""
    from fastism.io.parts import Share

    if text is None:
        return None
    for target in targets:
        if target.format.name != "h5":
            raise InputError(
                f"a part of a run is a scores file, and {target.path} is to be another kind",
                why=f"its format: {target.format.name}",
                attempt="-o PART.h5, and fastism merge for the other formats",
            )
    return Share.parse(text)
