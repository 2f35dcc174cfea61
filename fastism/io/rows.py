"""A few sequences and their scores: what goes from a run to files, and from files to files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.regions import Region

Array = npt.NDArray[Any]

BLOCK_BYTES = 1 << 23
"""About how much is read, and handed to the writers, at a time."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Sequences ``(n, L, C)`` in order, with names, and (reference, alternate) by output.

    reference ``(n, *out)`` and alternate ``(n, S, A, *out)``. alternatives: what was written in
    them, ``(n, S, A, width, C)``, where it is their own. regions: where they come from, if known.
    deviations: of ensembles, how far the members are apart about reference and about alternate -
    reference, in the same shapes.
    """

    names: Sequence[str]
    sequences: Array
    scores: Mapping[str, tuple[Array, Array]]
    alternatives: Array | None = None
    regions: Sequence[Region] | None = None
    deviations: Mapping[str, tuple[Array, Array]] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def datasets(self, outputs: Iterable[str]) -> dict[str, Array]:
        """The scores of some outputs, and their deviations, by their names in a scores file."""
        arrays = {}
        for name in outputs:
            arrays[f"{name}/reference"], arrays[f"{name}/alternate"] = self.scores[name]
            if self.deviations is not None:
                spread = self.deviations[name]
                arrays[f"{name}/reference_std"], arrays[f"{name}/delta_std"] = spread
        return arrays

    def part(self, start: int, stop: int) -> Rows:
        """The sequences ``[start, stop)``."""
        chosen = slice(start, stop)
        return Rows(
            self.names[chosen],
            self.sequences[chosen],
            _chosen(self.scores, chosen),
            None if self.alternatives is None else self.alternatives[chosen],
            None if self.regions is None else self.regions[chosen],
            None if self.deviations is None else _chosen(self.deviations, chosen),
        )


def joined(parts: Sequence[Rows]) -> Rows:
    """One after the other; all of one run."""
    first = parts[0]
    if len(parts) == 1:
        return first
    own = [part.alternatives for part in parts if part.alternatives is not None]
    regions = [region for part in parts for region in part.regions or ()]
    return Rows(
        [name for part in parts for name in part.names],
        np.concatenate([part.sequences for part in parts]),
        _joined([part.scores for part in parts]),
        np.concatenate(own) if own else None,
        regions if first.regions is not None else None,
        _joined([part.deviations for part in parts if part.deviations is not None]) or None,
    )


def _chosen(
    pairs: Mapping[str, tuple[Array, Array]], chosen: slice
) -> dict[str, tuple[Array, Array]]:
    return {name: (one[chosen], other[chosen]) for name, (one, other) in pairs.items()}


def _joined(parts: Sequence[Mapping[str, tuple[Array, Array]]]) -> dict[str, tuple[Array, Array]]:
    """Pairs of arrays by output, those of one output one after the other."""
    return {
        name: (
            np.concatenate([part[name][0] for part in parts]),
            np.concatenate([part[name][1] for part in parts]),
        )
        for name in (parts[0] if parts else ())
    }


def even(blocks: Iterable[Rows], count: int) -> Iterator[Rows]:
    """The same sequences, ``count`` at a time but for the last ones.

    So files are written in the same steps, and are equal byte for byte, however a run was cut.
    """
    waiting: list[Rows] = []
    held = 0
    for block in blocks:
        start = 0
        while held + len(block) - start >= count:
            stop = start + count - held
            yield joined([*waiting, block.part(start, stop)])
            waiting, held, start = [], 0, stop
        if start < len(block):
            waiting.append(block.part(start, len(block)))
            held += len(block) - start
    if waiting:
        yield joined(waiting)
