"""Variants to scores: many variants of many windows at a time, folded into one run of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fastism.io.regions import Region
from fastism.io.variants.flags import SCORED
from fastism.io.variants.scored import KINDS, Scored
from fastism.io.variants.variant import Variant
from fastism.runtime.scores import VariantScores
from fastism.variants.alleles import Reader
from fastism.variants.windows import Windows

Array = npt.NDArray[Any]

ROWS = 4096
"""Variants that are scored together, at most."""
BYTES = 1 << 26
"""What their windows, or their scores, may take."""


class Scorer(Protocol):
    """A plan, or several in its place."""

    def variants(
        self,
        x: Any,
        sequence: Any,
        position: Any,
        rows: Any,
        *,
        batch_size: int,
        memory: int | None,
    ) -> Mapping[str, VariantScores]:
        """Substitutions, as `Plan.variants`."""

    def predict(self, x: Any, *, batch_size: int) -> Mapping[str, Array]:
        """Outputs, as `Plan.predict`."""


@dataclass(frozen=True)
class VariantScoring:
    """How variants are scored.

    numbers: of all outputs of the plan together. batch_size, memory: as for a call of the plan.
    """

    scorer: Scorer
    reader: Reader
    windows: Windows
    length: int
    numbers: int
    batch_size: int
    memory: int | None = None

    def scored(self, variants: Iterable[Variant]) -> Iterator[list[Scored]]:
        """The variants in their order, each in every window it has, as many at a time as fit.

        Those of one record are never parted.
        """
        channels = len(self.reader.alphabet.letters)
        wide = max(self.length * channels, self.numbers * len(KINDS))
        most = max(1, min(ROWS, BYTES // (4 * wide)))
        held: list[tuple[Variant, Region]] = []
        for variant in variants:
            if len(held) >= most and variant.record is not held[-1][0].record:
                yield self._together(held)
                held = []
            held += [(variant, window) for window in self.windows.of(variant)]
        if held:
            yield self._together(held)

    def _together(self, held: Sequence[tuple[Variant, Region]]) -> list[Scored]:
        flags = [self.reader.flag(variant, window) for variant, window in held]
        chosen = [index for index, flag in enumerate(flags) if flag in SCORED]
        values = dict(zip(chosen, self._values([held[index] for index in chosen]), strict=True))
        return [
            Scored(variant, window, flag, values.get(index))
            for index, ((variant, window), flag) in enumerate(zip(held, flags, strict=True))
        ]

    def _values(self, held: Sequence[tuple[Variant, Region]]) -> Array:
        """The scores of variants that can be scored, (M, numbers, 3)."""
        result = np.empty((len(held), self.numbers, len(KINDS)), np.float32)
        written = [self.reader.substitution(*each) for each in held]
        narrow = [index for index, each in enumerate(written) if each is not None]
        moved = [index for index, each in enumerate(written) if each is None]
        if narrow:
            windows = {held[index][1]: None for index in narrow}
            number = {window: place for place, window in enumerate(windows)}
            edits = [each for each in written if each is not None]
            found = self.scorer.variants(
                self._rows(map(self.reader.sequence, windows)),
                [number[held[index][1]] for index in narrow],
                [edit.position for edit in edits],
                [self.reader.alphabet.one_hot(edit.letters) for edit in edits],
                batch_size=self.batch_size,
                memory=self.memory,
            )
            result[narrow, :, 0] = _flat([scores.reference for scores in found.values()])
            result[narrow, :, 1] = _flat([scores.alternate for scores in found.values()])
        if moved:
            windows = {held[index][1]: None for index in moved}
            number = {window: place for place, window in enumerate(windows)}
            letters = [self.reader.sequence(window) for window in windows]
            letters += [self.reader.mutant(*held[index]) for index in moved]
            predicted = self.scorer.predict(self._rows(letters), batch_size=self.batch_size)
            values = _flat(list(predicted.values()))
            result[moved, :, 0] = values[[number[held[index][1]] for index in moved]]
            result[moved, :, 1] = values[len(windows) :]
        result[..., 2] = result[..., 1] - result[..., 0]
        return result

    def _rows(self, letters: Iterable[str]) -> Array:
        return np.stack([self.reader.alphabet.one_hot(each) for each in letters])


def _flat(outputs: Sequence[Array]) -> Array:
    """Outputs (M, *out) side by side, (M, numbers)."""
    return np.concatenate([output.reshape(len(output), -1) for output in outputs], axis=1)
