"""The scores of variants that a run has so far: what `fastism.io.kept` keeps of it.

A part holds the rows of some variants of the file, one after the other: ``values`` (rows, numbers,
kinds) float32, NaN where a row has no scores, and ``machine``, who computed them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.io.computed import this_machine
from fastism.io.kept import Kept
from fastism.io.variants.scored import Array


class VariantParts(Kept):
    """The parts in a folder that is claimed."""

    unit: ClassVar[str] = "variants"
    suffix: ClassVar[str] = ".npz"

    def write(self, start: int, values: Array, machine: str | None = None) -> None:
        """Keep a part. machine: who computed it, if not this one. Raises as `keep`."""

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, values=values, machine=np.array(machine or this_machine()))

        self.keep(start, write)

    def values(self) -> Iterator[tuple[int, Array]]:
        """How many variants each part is of, and its values; first to last."""
        for start, stop in self.record.bounds():
            with np.load(self._path(start), allow_pickle=False) as part:
                yield stop - start, part["values"]

    def computed_by(self) -> dict[str, int]:
        """How many variants each machine computed."""
        counts: Counter[str] = Counter()
        for start, stop in self.record.bounds():
            with np.load(self._path(start), allow_pickle=False) as part:
                counts[str(part["machine"])] += stop - start
        return dict(sorted(counts.items()))
