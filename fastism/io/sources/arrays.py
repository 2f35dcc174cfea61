"""Sequences, and whatever else a model reads, out of files of arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fastism.errors import InputError
from fastism.io.array_files import Array, ArrayFile
from fastism.io.sources.base import Batch, Reads, Source

_PIECE = 1 << 24
"""Elements looked at together."""


class ArraySource:
    """Rows of arrays, (N, ...) for an input each, beside the sequences of another source or alone.

    files: by the name of the input. letters: where the sequence comes from, if from no array.
    Raises InputError where an array does not fit its input, or holds what is no number.
    """

    def __init__(
        self, files: Mapping[str, ArrayFile], reads: Reads, letters: Source | None = None
    ) -> None:
        self._files, self._letters = files, letters
        for name, file in files.items():
            _require_fit(name, file, reads.inputs[name])
        counts = {file.label: len(file.array) for file in files.values()}
        if letters is not None:
            counts = {"the sequences": letters.count, **counts}
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{label}: {count:,}" for label, count in counts.items())
            raise InputError("the inputs hold different numbers of sequences", why=said)
        self.count = next(iter(counts.values()))
        if not self.count:
            raise InputError(f"{next(iter(counts))} holds no sequence")
        digest = hashlib.sha256((letters.identity if letters else "").encode())
        self.one_hot = True
        for name, file in files.items():
            digest.update(f"{name}\n{file.array.shape}\n{file.array.dtype.str}\n".encode())
            for part in _numbers(file):
                digest.update(part.tobytes())
                if name == reads.seq_input:
                    self.one_hot &= np.array_equal(part, part.astype(np.int8))
        self.identity = digest.hexdigest()
        self.notes = letters.notes if letters else ()

    @property
    def chromosomes(self) -> Mapping[str, int] | None:
        """Those of the genome that the sequences come from, if they do."""
        return self._letters.chromosomes if self._letters else None

    def batches(self, size: int, first: int = 0) -> Iterator[Batch]:
        """Up to ``size`` sequences at a time, from the ``first`` on; without names, by number."""
        for begin, given in self._sequences(size, first):
            own = slice(begin, begin + len(given.names))
            arrays = {name: np.asarray(file.array[own]) for name, file in self._files.items()}
            yield Batch(given.names, {**given.inputs, **arrays}, given.regions)

    def _sequences(self, size: int, first: int) -> Iterator[tuple[int, Batch]]:
        if self._letters is None:
            for begin in range(first, self.count, size):
                names = [str(index) for index in range(begin, min(begin + size, self.count))]
                yield begin, Batch(names, {})
            return
        for part in self._letters.batches(size, first):
            yield first, part
            first += len(part.names)


def _require_fit(name: str, file: ArrayFile, wanted: tuple[int, ...]) -> None:
    """Raise InputError for an array of another shape than its input, or of no numbers."""
    given: tuple[int, ...] = file.array.shape
    if file.array.dtype.kind not in "biuf":
        raise InputError(f"{file.label} holds no numbers, but {file.array.dtype}")
    own = tuple(extent for extent in given[1:] if extent != 1)
    tokens = file.array.dtype.kind in "iu" and given[1:] == wanted[:1]
    if tokens or (given and own == tuple(extent for extent in wanted if extent != 1)):
        return
    transposed = len(wanted) == 2 and given[1:] == wanted[::-1]
    raise InputError(
        f"{file.label} has the shape {given}, and the input {name!r} reads "
        f"(N, {', '.join(map(str, wanted))})",
        attempt="it looks transposed, (N, C, L): save x.transpose(0, 2, 1)" if transposed else None,
    )


def _numbers(file: ArrayFile) -> Iterator[Array]:
    """The array, piece by piece. Raises InputError at the first NaN or infinity."""
    array: Any = file.array
    rows = max(1, _PIECE // max(1, int(np.prod(array.shape[1:]))))
    for first in range(0, len(array), rows):
        part = np.ascontiguousarray(array[first : first + rows])
        if part.dtype.kind == "f" and not (finite := np.isfinite(part)).all():
            index = tuple(int(each) for each in np.argwhere(~finite)[0])
            raise InputError(
                f"{file.label} holds {part[index]} in sequence {first + index[0]}",
                why=f"at {list(index[1:])}; the model would give no number for it",
            )
        yield part
