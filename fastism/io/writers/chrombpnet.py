"""The contribution scores of ChromBPNet: bases, scores and their product, (N, 4, L) each."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.writers.base import Format, Options
from fastism.io.writers.hdf5 import Hdf5Writer
from fastism.io.writers.letters import Matrix, half, one_matrix

_KINDS = (".counts_scores", ".profile_scores")


class ChromBPNet(Format):
    """``raw/seq`` int8, ``shap/seq`` and ``projected_shap/seq`` float16.

    Beside it lies ``PREFIX.interpreted_regions.bed``, as ``chrombpnet contribs_bw`` leaves it.
    """

    name: ClassVar[str] = "chrombpnet"
    suffixes: ClassVar[tuple[str, ...]] = tuple(f"{kind}.h5" for kind in _KINDS)
    about: ClassVar[str] = "the contribution scores of ChromBPNet, HDF5"

    def check(self, header: Header, options: Options) -> None:
        one_matrix(header, options, "hypothetical", self.name)

    def size(self, header: Header, options: Options, sequences: int) -> int:
        return sequences * len(header.sites) * 4 * 5

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        matrix = one_matrix(header, options, "hypothetical", self.name)
        return _Writer(path, header, matrix, sequences, options.compression)

    def regions_path(self, path: Path) -> Path:
        prefix = path.name.removesuffix(path.suffix)
        for kind in _KINDS:
            prefix = prefix.removesuffix(kind)
        return path.with_name(f"{prefix}.interpreted_regions.bed")


class _Writer:
    def __init__(
        self, path: Path, header: Header, matrix: Matrix, sequences: int, compression: str | None
    ) -> None:
        row = (4, matrix.width)
        self._matrix = matrix
        self._file = Hdf5Writer(
            path,
            sequences,
            {
                "raw/seq": (row, np.int8),
                "shap/seq": (row, np.float16),
                "projected_shap/seq": (row, np.float16),
            },
            header=header,
            matrix=matrix,
            compression=compression,
        )

    def append(self, rows: Rows) -> None:
        held = self._matrix.one_hot(rows).transpose(0, 2, 1)
        scores = half(self._matrix.scores(rows)[..., 0], "chrombpnet").transpose(0, 2, 1)
        self._file.add({"raw/seq": held, "shap/seq": scores, "projected_shap/seq": scores * held})

    def close(self) -> None:
        self._file.close()
