"""Which numbers of a run a page shows: a track for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from fastism.errors import InputError
from fastism.io.scores import ScoresReader
from fastism.scores import named

FEW = 8
"""Numbers of an output up to which each is a track without being asked for."""


@dataclass(frozen=True)
class Track:
    """One number of an output, by its index there; None for a score of all of them together."""

    output: str
    target: tuple[int, ...] | None


@dataclass(frozen=True)
class Tracks:
    """chosen: in the order they are listed. left_out: outputs with too many numbers to show all.

    moved_most: whether those that are chosen are some of an output's, as no output has few.
    """

    chosen: tuple[Track, ...]
    left_out: tuple[str, ...]
    moved_most: bool = False


def tracks_of(
    shapes: Mapping[str, tuple[int, ...]],
    score: str,
    targets: Sequence[tuple[int, ...]],
    few: Callable[[str], Sequence[tuple[int, ...]]] | None = None,
) -> Tracks:
    """The tracks of outputs with these shapes.

    targets: which numbers, of a single output; without them, all numbers of outputs that have few,
    and where none has, those that ``few`` says of the first. Raises InputError where targets are
    not of one output, or nothing is left to show.
    """
    if not named(score).per_output:
        return Tracks(tuple(Track(name, None) for name in shapes), ())
    if targets:
        if len(shapes) > 1:
            raise InputError(
                "--target picks numbers of one output, and the page shows several",
                why=f"they are {', '.join(shapes)}",
                attempt="--outputs with one of them",
            )
        (name,) = shapes
        return Tracks(tuple(Track(name, target) for target in targets), ())
    left_out = tuple(name for name, shape in shapes.items() if math.prod(shape) > FEW)
    if len(left_out) == len(shapes):
        name, *others = shapes
        if few is None:
            shape = shapes[name]
            raise InputError(
                f"the output {name!r} gives {math.prod(shape):,} numbers a sequence, too many to "
                "show",
                why=f"its shape is {shape}",
                attempt=f"--outputs {name} --target {','.join('0' for _ in shape)}",
            )
        chosen = tuple(Track(name, target) for target in few(name))
        return Tracks(chosen, tuple(others), moved_most=True)
    kept = {name: shape for name, shape in shapes.items() if name not in left_out}
    return Tracks(tuple(_every(kept)), left_out)


def most_moved(reader: ScoresReader, output: str, *, count: int) -> list[tuple[int, ...]]:
    """So many numbers of an output by their indices: those that mutations move most, on average.

    In the order of the output. Reads the scores once, a block at a time.
    """
    shape = reader.header.outputs[output]
    moved = np.zeros(shape)
    for rows in reader.blocks():
        reference, alternate = rows.scores[output]
        apart = np.abs(alternate - reference[:, None, None])
        moved += np.nan_to_num(apart, posinf=0.0).sum(axis=(0, 1, 2))
    strongest = np.sort(np.argsort(-moved.ravel(), kind="stable")[:count])
    return [tuple(map(int, np.unravel_index(index, shape))) for index in strongest]


def _every(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Track]:
    for name, shape in shapes.items():
        for index in product(*map(range, shape)):
            yield Track(name, index)
