"""``-s`` and what else says where a run's sequences come from."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.options import PATH
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.manifest import JSON
    from fastism.io.sources.base import Source

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Given:
    """What the options of `sequence_options` say."""

    sequences: Path
    alphabet: str

    @property
    def read(self) -> tuple[Path, ...]:
        """The files that are read, which nothing may be written over."""
        return (self.sequences,)

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        return {"sequences": str(self.sequences), "alphabet": self.letters}

    @property
    def letters(self) -> str:
        """The alphabet. Raises InputError where it is none."""
        from fastism.io.alphabet import Alphabet

        return Alphabet(self.alphabet).letters

    def open(self, manifest: Mapping[str, Any]) -> Source:
        """The sequences, read through once, for a plan of this manifest.

        Raises InputError at the first mistake in them, or where they do not fit the plan.
        """
        from fastism.io.sources.base import Reads
        from fastism.io.sources.letters import FastaSource

        reads = Reads.of(manifest)
        if reads.others:
            raise InputError(
                f"the model reads {len(reads.inputs)} inputs, and a FASTA file gives one",
                why=f"its inputs: {', '.join(reads.inputs)}",
                attempt="in Python: fastism.load(plan)({name: array, ...})",
            )
        return FastaSource(self.sequences, reads, self.letters)


def sequence_options(command: Command) -> Command:
    """``--sequences`` and ``--alphabet``, handed to the command as one ``given``."""

    @functools.wraps(command)
    def gathered(*arguments: Any, sequences: Path, alphabet: str, **options: Any) -> Any:
        return command(*arguments, given=Given(sequences, alphabet), **options)

    sequences = click.option(
        "-s", "--sequences", type=PATH, required=True, help="FASTA file, plain or gzip."
    )
    alphabet = click.option(
        "--alphabet", default="ACGT", show_default=True, help="Letters of the channels."
    )
    return sequences(alphabet(gathered))  # type: ignore[return-value]
