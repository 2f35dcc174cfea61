"""The contribution scores of bpnet-refactor and BPReveal, which TF-MoDISco reads as ``-i``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.writers.base import Format, Options
from fastism.io.writers.hdf5 import Hdf5Writer
from fastism.io.writers.letters import Matrix, half, one_matrix


class BPNet(Format):
    """``input_seqs`` (N, L, 4) int8, ``hyp_scores`` (N, L, 4) float16, and where they lie.

    ``coords_chrom``, ``coords_start`` and ``coords_end`` are those of the scored stretch; of a
    sequence that comes from no genome, its name, and positions in it.
    """

    name: ClassVar[str] = "bpnet"
    suffixes: ClassVar[tuple[str, ...]] = (".bpnet.h5",)
    about: ClassVar[str] = "the contribution scores of bpnet-refactor and BPReveal, HDF5"

    def check(self, header: Header, options: Options) -> None:
        one_matrix(header, options, "hypothetical", self.name)

    def size(self, header: Header, options: Options, sequences: int) -> int:
        return sequences * len(header.sites) * 4 * 3

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        matrix = one_matrix(header, options, "hypothetical", self.name)
        return _Writer(path, header, matrix, sequences, options.compression)


class _Writer:
    def __init__(
        self, path: Path, header: Header, matrix: Matrix, sequences: int, compression: str | None
    ) -> None:
        row = (matrix.width, 4)
        self._matrix = matrix
        self._file = Hdf5Writer(
            path,
            sequences,
            {"input_seqs": (row, np.int8), "hyp_scores": (row, np.float16)},
            header=header,
            matrix=matrix,
            compression=compression,
        )

    def append(self, rows: Rows) -> None:
        scores = half(self._matrix.scores(rows)[..., 0], "bpnet")
        self._file.add({"input_seqs": self._matrix.one_hot(rows), "hyp_scores": scores})
        regions = self._matrix.regions(rows)
        self._file.note(
            coords_chrom=[region.chrom for region in regions],
            coords_start=[region.start for region in regions],
            coords_end=[region.end for region in regions],
        )

    def close(self) -> None:
        self._file.close()
