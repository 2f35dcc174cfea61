"""The saturation mutagenesis file of basenji and baskerville, ``scores.h5``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.writers.base import Format, Options
from fastism.io.writers.chosen import Chosen
from fastism.io.writers.hdf5 import Hdf5Writer
from fastism.io.writers.letters import Matrix, half

STATISTIC = "sum"
"""The name of the scores, which is that of basenji's default statistic."""


class Basenji(Format):
    """``seqs`` bool (N, length, 4) and ``sum`` float16 (N, length, 4, targets).

    ``chr``, ``start``, ``end`` and ``strand`` are those of the mutated window; of a sequence that
    comes from no genome, its name, and positions in it.
    """

    name: ClassVar[str] = "basenji"
    suffixes: ClassVar[tuple[str, ...]] = (".basenji.h5",)
    about: ClassVar[str] = "the scores.h5 of basenji_sat_bed.py, every target, HDF5"

    def check(self, header: Header, options: Options) -> None:
        self._matrix(header, options)

    def size(self, header: Header, options: Options, sequences: int) -> int:
        numbers = len(self._matrix(header, options).chosen.numbers)
        return sequences * len(header.sites) * 4 * (1 + 2 * numbers)

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        matrix = self._matrix(header, options)
        return _Writer(path, header, matrix, sequences, options.compression)

    def _matrix(self, header: Header, options: Options) -> Matrix:
        chosen = Chosen.several(header, options, "centered")
        return Matrix.of(header, chosen, self.name)


class _Writer:
    def __init__(
        self, path: Path, header: Header, matrix: Matrix, sequences: int, compression: str | None
    ) -> None:
        row = (matrix.width, 4)
        self._matrix = matrix
        self._file = Hdf5Writer(
            path,
            sequences,
            {
                "seqs": (row, np.bool_),
                STATISTIC: ((*row, len(matrix.chosen.numbers)), np.float16),
            },
            header=header,
            matrix=matrix,
            compression=compression,
        )

    def append(self, rows: Rows) -> None:
        scores = half(self._matrix.scores(rows), "basenji")
        self._file.add({"seqs": self._matrix.one_hot(rows).astype(bool), STATISTIC: scores})
        regions = self._matrix.regions(rows)
        self._file.note(
            chr=[region.chrom for region in regions],
            start=[region.start for region in regions],
            end=[region.end for region in regions],
            strand=["-" if region.reversed else "+" for region in regions],
        )

    def close(self) -> None:
        self._file.close()
