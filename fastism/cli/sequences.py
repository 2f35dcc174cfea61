"""``-s``, ``-r`` and what else says where a run's sequences come from."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.options import PATH, complete_file
from fastism.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from fastism.io.manifest import JSON
    from fastism.io.sources.base import Reads, Source

Command = TypeVar("Command", bound=Callable[..., Any])

_DNA = "ACGT"
_ON_MISMATCH = ("pad", "skip", "error")


@dataclass(frozen=True)
class Given:
    """What the options of `sequence_options` say.

    sequences: a FASTA file, or a file of arrays, FILE or FILE:NAME. regions, genome: a BED file and
    the FASTA file of its genome. inputs: files of arrays, each NAME=FILE.
    """

    sequences: str | None = None
    alphabet: str = _DNA
    regions: Path | None = None
    genome: Path | None = None
    on_mismatch: str | None = None
    inputs: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[Path, ...]:
        """The files that are read, which nothing may be written over."""
        from fastism.io.array_files import path_of

        named = [self.sequences, *(self._file(text) for text in self.inputs)]
        paths = [path_of(text) for text in named if text is not None]
        return (*paths, *(path for path in (self.regions, self.genome) if path is not None))

    @property
    def label(self) -> str:
        """What the sequences come from, in a word; empty where nothing is said."""
        if self.regions is not None:
            return str(self.regions)
        return self.sequences or ", ".join(self.inputs)

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        return {
            "sequences": self.sequences,
            "regions": None if self.regions is None else str(self.regions),
            "genome": None if self.genome is None else str(self.genome),
            "on_mismatch": self.on_mismatch,
            "inputs": list(self.inputs),
            "alphabet": self.letters,
        }

    @property
    def letters(self) -> str:
        """The alphabet. Raises InputError where it is none."""
        from fastism.io.alphabet import Alphabet

        return Alphabet(self.alphabet).letters

    def open(self, manifest: Mapping[str, Any]) -> Source:
        """The sequences, read through once, for a plan of this manifest.

        Raises InputError at the first mistake in them, or where they do not fit the plan.
        """
        from fastism.io.array_files import is_array_file, open_array
        from fastism.io.sources.arrays import ArraySource
        from fastism.io.sources.base import Reads

        reads = Reads.of(manifest)
        files = self._named(reads)
        if self.sequences is not None and is_array_file(self.sequences):
            files[reads.seq_input] = self.sequences
        self._require_one(reads, files)
        missing = [name for name in reads.others if name not in files]
        if missing:
            raise InputError(
                f"the model reads {len(reads.inputs)} inputs, and a FASTA file gives one",
                why=f"its inputs: {', '.join(reads.inputs)}",
                attempt=" ".join(map(_array_option, missing)),
            )
        arrays = {name: open_array(text) for name, text in files.items()}
        if reads.seq_input in files:
            return ArraySource(arrays, reads)
        letters = self._letters(reads)
        return ArraySource(arrays, reads, letters) if arrays else letters

    def _letters(self, reads: Reads) -> Source:
        if self.regions is not None and self.genome is not None:
            from fastism.io.sources.genomic import RegionSource

            how = self.on_mismatch or _ON_MISMATCH[0]
            return RegionSource(self.regions, self.genome, reads, self.letters, how)
        from fastism.io.sources.letters import FastaSource

        return FastaSource(Path(self.sequences or ""), reads, self.letters)

    def _named(self, reads: Reads) -> dict[str, str]:
        """Files of arrays by the name of their input. Raises InputError for a name that is none."""
        files: dict[str, str] = {}
        for text in self.inputs:
            name, file = text.partition("=")[0], self._file(text)
            if name not in reads.inputs:
                raise InputError(
                    f"--input {text}: the model has no input {name!r}",
                    why=f"its inputs: {', '.join(reads.inputs)}",
                    attempt=did_you_mean(name, reads.inputs),
                )
            if name in files:
                raise InputError(f"--input names {name!r} twice")
            files[name] = file
        return files

    @staticmethod
    def _file(text: str) -> str:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise InputError(f"--input {text} cannot be read", attempt="--input NAME=file.npy")
        return file

    def _require_one(self, reads: Reads, files: Mapping[str, str]) -> None:
        """Raise InputError unless the sequence comes from one place, all of which is named."""
        named = {
            "--sequences": self.sequences is not None,
            "--regions": self.regions is not None,
            f"--input {reads.seq_input}": any(
                text.partition("=")[0] == reads.seq_input for text in self.inputs
            ),
        }
        given = [option for option, is_given in named.items() if is_given]
        if not given:
            raise InputError(
                "no sequences are given",
                attempt="-s sequences.fa, or -r regions.bed -g genome.fa",
            )
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} both say where the sequences come from")
        if self.regions is not None and self.genome is None:
            raise InputError(
                f"--regions {self.regions} are of a genome, and none is given",
                attempt="-g genome.fa",
            )
        if self.regions is None and self.genome is not None:
            raise InputError(
                f"--genome {self.genome} is given, and no regions of it", attempt="-r regions.bed"
            )
        if self.regions is None and self.on_mismatch is not None:
            raise InputError("--on-mismatch is for --regions, and none are given")


def suggested(reads: Reads) -> str:
    """The options with which a plan may be run, for messages."""
    sequence = "-s sequences.fa" if reads.channels == len(_DNA) else "-s sequences.npy"
    return " ".join([sequence, *map(_array_option, reads.others)])


def _array_option(name: str) -> str:
    return f"--input {shlex.quote(f'{name}={name}.npy')}"


def sequence_options(command: Command) -> Command:
    """``--sequences``, ``--regions`` and so on, handed to the command as one ``given``."""

    @functools.wraps(command)
    def gathered(
        *arguments: Any,
        sequences: str | None,
        alphabet: str,
        regions: Path | None,
        genome: Path | None,
        on_mismatch: str | None,
        inputs: tuple[str, ...],
        **options: Any,
    ) -> Any:
        given = Given(sequences, alphabet, regions, genome, on_mismatch, inputs)
        return command(*arguments, given=given, **options)

    decorated: Any = gathered
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    result: Command = decorated
    return result


_OPTIONS = (
    click.option(
        "-s",
        "--sequences",
        metavar="FILE",
        shell_complete=complete_file,
        help="FASTA file, plain or gzip; or arrays (N, L, C): .npy, .npz or .h5, FILE:NAME where "
        "a file holds several.",
    ),
    click.option(
        "-r",
        "--regions",
        type=PATH,
        help="BED or narrowPeak file, plain or gzip: a sequence around each summit or midpoint, as "
        "wide as the plan reads; the reverse complement on strand -.",
    ),
    click.option("-g", "--genome", type=PATH, help="FASTA file of the genome, plain or bgzip."),
    click.option(
        "--on-mismatch",
        type=click.Choice(_ON_MISMATCH),
        help="A region not whole in the genome: pad with N (and stop where there is nothing to "
        "pad), skip it, or stop with an error.  [default: pad]",
    ),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=FILE",
        help="An array for an input of the model, .npy, .npz or .h5. May be given several times.",
    ),
    click.option("--alphabet", default=_DNA, show_default=True, help="Letters of the channels."),
)
