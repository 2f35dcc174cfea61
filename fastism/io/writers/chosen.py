"""Which number of which output a file holds, where its format has room for one or a list."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastism import scores as definitions
from fastism.errors import InputError, did_you_mean
from fastism.io.header import Array, Header
from fastism.io.rows import Rows
from fastism.io.writers.base import Options


@dataclass(frozen=True)
class Number:
    """One number of an output, by its indices in the output's shape; none for the output whole."""

    output: str
    index: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """``head`` or ``head.3`` or ``head.500.0``."""
        return ".".join([self.output, *map(str, self.index)])


@dataclass(frozen=True)
class Chosen:
    """A score of one or several numbers.

    score: its definition. numbers: what it is of. header: of the run.
    """

    score: definitions.Score
    numbers: tuple[Number, ...]
    header: Header

    @classmethod
    def one(cls, header: Header, options: Options, default: str, what: str) -> Chosen:
        """A score of one number, for a format that is called ``what`` in messages.

        Raises InputError where the options leave open which, or the score is not to be had.
        """
        score = _score(header, options.score or default)
        outputs = _outputs(header, options)
        if len(outputs) > 1:
            raise InputError(
                f"{what} holds one output, and the model has {len(outputs)}: {', '.join(outputs)}",
                attempt=f"--output-name {outputs[0]}",
            )
        shape = header.outputs[outputs[0]]
        choices = math.prod(shape) if options.targets is None else len(options.targets)
        if score.per_output and choices > 1:
            example = ",".join("0" for _ in shape)
            raise InputError(
                f"{what} holds one number a score, and the output {outputs[0]} gives "
                f"{' x '.join(map(str, shape))}",
                attempt=f"--target {example}; or --reduce when compiling",
            )
        return cls(score, tuple(_numbers(header, outputs[0], options, score)), header)

    @classmethod
    def several(cls, header: Header, options: Options, default: str) -> Chosen:
        """A score of all numbers that the options do not leave out. Raises InputError as `one`."""
        score = _score(header, options.score or default)
        outputs = _outputs(header, options)
        if options.targets is not None and len(outputs) > 1:
            raise InputError(
                f"--target is of one output, and the model has {len(outputs)}: "
                f"{', '.join(outputs)}",
                attempt=f"--output-name {outputs[0]}",
            )
        found = [n for output in outputs for n in _numbers(header, output, options, score)]
        return cls(score, tuple(found), header)

    def of(self, rows: Rows) -> Array:
        """The scores, (n, S, A, numbers)."""
        held = self.held(rows) if self.score.one_hot else None
        columns = []
        for number in self.numbers:
            reference, alternate = rows.scores[number.output]
            if self.score.per_output:
                at: Any = (..., *number.index)
                reference, alternate = reference[at], alternate[at]
            columns.append(self.score(reference, alternate, held))
        return np.stack(columns, axis=-1)

    def held(self, rows: Rows) -> Array:
        """The letter that each sequence holds at each site, one-hot, (n, S, A)."""
        header = self.header
        letters = slice(None) if header.letters is None else list(header.letters)
        return np.asarray(rows.sequences[:, np.asarray(header.sites)[:, 0]][:, :, letters])

    @property
    def attributes(self) -> dict[str, str]:
        """What a file says of them."""
        return {
            "score": self.score.name,
            "score_formula": self.score.formula,
            "score_of": ", ".join(number.label for number in self.numbers),
        }


def _score(header: Header, name: str) -> definitions.Score:
    definitions.require_letters(name, header.alternatives, header.letters)
    return definitions.named(name)


def _outputs(header: Header, options: Options) -> list[str]:
    if options.output is None:
        return list(header.outputs)
    if options.output not in header.outputs:
        raise InputError(
            f"the model has no output {options.output!r}",
            why=f"its outputs: {', '.join(header.outputs)}",
            attempt=did_you_mean(options.output, header.outputs),
        )
    return [options.output]


def _numbers(
    header: Header, output: str, options: Options, score: definitions.Score
) -> list[Number]:
    """What is wanted of an output; axes of size 1 are no choice, and not named."""
    shape = header.outputs[output]
    if not score.per_output:
        if options.targets is not None:
            raise InputError(
                f"--target says nothing of {score.name}, which is of an output as a whole"
            )
        return [Number(output)]
    if options.targets is None:
        return [Number(output, index) for index in itertools.product(*map(range, shape))]
    for target in options.targets:
        if not _within(target, shape):
            raise InputError(
                f"--target {','.join(map(str, target))} is not in the output {output}",
                why=f"its shape is {' x '.join(map(str, shape))}" if shape else "it is one number",
                attempt="an index from 0 for each axis, as 3 or 500,0" if shape else None,
            )
    return [Number(output, target) for target in options.targets]


def _within(index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(index) == len(shape) and all(
        0 <= each < size for each, size in zip(index, shape, strict=True)
    )
