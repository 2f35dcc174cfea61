"""``-o`` and what else says where scores go, and in which format."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.options import (
    PATH,
    complete_file,
    complete_format,
    complete_score,
    force_option,
)
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
    score: str | None
    output_name: str | None
    target: tuple[str, ...]
    chrom_sizes: Path | None
    compression: str | None
    force: bool

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        return {
            "output": list(self.outputs),
            "format": self.format,
            "score": self.score,
            "output_name": self.output_name,
            "target": list(self.target),
            "chrom_sizes": None if self.chrom_sizes is None else str(self.chrom_sizes),
            "compression": self.compression,
        }

    def targets(self, *read: Path) -> list[Target]:
        """The files that are wanted, by a command that reads these and the chromosome sizes.

        Raises InputError for one that lies in what is read, or does not say its format.
        """
        from fastism.io.chrom_sizes import read_chrom_sizes
        from fastism.io.whole import absolute, check_not_read
        from fastism.io.writers.base import Options
        from fastism.io.writers.publish import Target
        from fastism.io.writers.registry import FORMATS, named, of_path
        from fastism.scores import named as named_score

        named_paths = [_split(output, FORMATS) for output in self.outputs]
        sizes = () if self.chrom_sizes is None else (self.chrom_sizes,)
        for _, path in named_paths:
            check_not_read(path, *read, *sizes)
        options = Options(
            score=None if self.score is None else named_score(self.score).name,
            output=self.output_name,
            targets=tuple(map(_index, self.target)) or None,
            chromosomes=None if self.chrom_sizes is None else read_chrom_sizes(self.chrom_sizes),
            compression=self.compression,
        )
        targets = []
        for prefix, path in named_paths:
            name = prefix or self.format
            targets.append(Target(path, named(name) if name else of_path(path), options))
        scores = [absolute(path) for each in targets for path in each.files(regions=False)]
        regions = {absolute(each.files()[-1]) for each in targets}  # the same for all of a run
        paths = [*scores, *regions]
        for path in paths:
            if paths.count(path) > 1:
                raise InputError(
                    f"two outputs are to be written at {path}", attempt="a name for each"
                )
        return targets


def on_genome(targets: Sequence[Target], chromosomes: Mapping[str, int] | None) -> list[Target]:
    """The same, with the lengths of a genome's chromosomes where none are given."""
    return [
        target
        if target.options.chromosomes is not None
        else replace(target, options=replace(target.options, chromosomes=chromosomes))
        for target in targets
    ]


def _split(output: str, formats: Container[str]) -> tuple[str | None, Path]:
    """A format, if one is named, and the path after it."""
    prefix, _, rest = output.partition(":")
    return (prefix, Path(rest)) if rest and prefix in formats else (None, Path(output))


def _index(text: str) -> tuple[int, ...]:
    """``3``, or ``500,0``. Raises InputError for other text."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise InputError(
            f"--target {text} is no index", attempt="an index from 0 for each axis, as 3 or 500,0"
        )
    return tuple(map(int, parts))


def output_options(command: Command) -> Command:
    """``--output``, ``--format``, ``--compression`` and ``--force``, as one ``wanted``."""

    @functools.wraps(command)
    def gathered(*arguments: Any, **options: Any) -> Any:
        given = {name: options.pop(name) for name in Wanted.__dataclass_fields__}
        packed = None if given.pop("compression") == "none" else "gzip"
        return command(*arguments, wanted=Wanted(**given, compression=packed), **options)

    added = [
        click.option(
            "-o",
            "--output",
            "outputs",
            metavar="[FORMAT:]PATH",
            shell_complete=complete_file,
            multiple=True,
            required=True,
            help="Where scores go, in the format its ending names; may be given several times.",
        ),
        click.option(
            "--format",
            metavar="NAME",
            shell_complete=complete_format,
            help="Of outputs that name none: h5, modisco, chrombpnet, bpnet, basenji, bigwig, zarr "
            "or tsv; default: by the ending.",
        ),
        click.option(
            "--score",
            metavar="NAME",
            shell_complete=complete_score,
            help="What is written where a format holds one score (docs/scores.md); default: what "
            "its readers expect.",
        ),
        click.option(
            "--outputs",
            "--output-name",
            "output_name",
            metavar="NAME",
            help="Of which output of the model, where a format holds one.",
        ),
        click.option(
            "--target",
            multiple=True,
            metavar="INDEX[,INDEX...]",
            help="Of which number of that output: an index for each axis, from 0. May be given "
            "several times, where a format holds several.",
        ),
        click.option(
            "-c",
            "--chrom-sizes",
            type=PATH,
            help="Lengths of chromosomes, for bigWig: name and length a line (.fai too).",
        ),
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
