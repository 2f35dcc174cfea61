"""Which numbers of a run a page shows: a track for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from fastism.errors import InputError
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
    """chosen: in the order they are listed. left_out: outputs with too many numbers to show all."""

    chosen: tuple[Track, ...]
    left_out: tuple[str, ...]


def tracks_of(
    shapes: Mapping[str, tuple[int, ...]], score: str, targets: Sequence[tuple[int, ...]]
) -> Tracks:
    """The tracks of outputs with these shapes.

    targets: which numbers, of a single output; without them, all numbers of outputs that have few.
    Raises InputError where targets are not of one output, or nothing is left to show.
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
        name, shape = next(iter(shapes.items()))
        raise InputError(
            f"the output {name!r} gives {math.prod(shape):,} numbers a sequence, too many to show",
            why=f"its shape is {shape}",
            attempt=f"--outputs {name} --target {','.join('0' for _ in shape)}",
        )
    kept = {name: shape for name, shape in shapes.items() if name not in left_out}
    return Tracks(tuple(_every(kept)), left_out)


def _every(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[Track]:
    for name, shape in shapes.items():
        for index in product(*map(range, shape)):
            yield Track(name, index)
