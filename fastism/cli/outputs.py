"""``-o`` and what else says where scores go, and in which format."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.options import force_option
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.manifest import JSON
    from fastism.io.writers.publish import Target

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Wanted:
    """What the options of `output_options` say."""

    outputs: tuple[str, ...]
    format: str | None
    compression: str | None
    force: bool

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        return {
            "output": list(self.outputs),
            "format": self.format,
            "compression": self.compression,
        }

    def targets(self, *read: Path) -> list[Target]:
        """The files that are wanted, by a command that reads these.

        Raises InputError for one that lies in what is read, or does not say its format.
        """
        from fastism.io.whole import absolute, check_not_read
        from fastism.io.writers.base import Options
        from fastism.io.writers.publish import Target
        from fastism.io.writers.registry import FORMATS, named, of_path

        named_paths = [_split(output, FORMATS) for output in self.outputs]
        for _, path in named_paths:
            check_not_read(path, *read)
        options = Options(compression=self.compression)
        targets = []
        for prefix, path in named_paths:
            name = prefix or self.format
            targets.append(Target(path, named(name) if name else of_path(path), options))
        paths = [absolute(path) for target in targets for path in target.files()]
        for path in paths:
            if paths.count(path) > 1:
                raise InputError(
                    f"two outputs are to be written at {path}", attempt="a name for each"
                )
        return targets


def _split(output: str, formats: Container[str]) -> tuple[str | None, Path]:
    """A format, if one is named, and the path after it."""
    prefix, _, rest = output.partition(":")
    return (prefix, Path(rest)) if rest and prefix in formats else (None, Path(output))


def output_options(command: Command) -> Command:
    """``--output``, ``--format``, ``--compression`` and ``--force``, as one ``wanted``."""

    @functools.wraps(command)
    def gathered(
        *arguments: Any,
        output: tuple[str, ...],
        format: str | None,
        compression: str,
        force: bool,
        **options: Any,
    ) -> Any:
        packed = None if compression == "none" else compression
        return command(*arguments, wanted=Wanted(output, format, packed, force), **options)

    added = [
        click.option(
            "-o",
            "--output",
            metavar="[FORMAT:]PATH",
            multiple=True,
            required=True,
            help="Where scores go, in the format its ending names; may be given several times.",
        ),
        click.option("--format", metavar="NAME", help="Of outputs that do not name their own."),
        click.option(
            "--compression",
            type=click.Choice(["none", "gzip"]),
            default="none",
            show_default=True,
            help="Of the output files.",
        ),
        force_option,
    ]
    for option in reversed(added):
        gathered = option(gathered)
    return gathered  # type: ignore[return-value]
