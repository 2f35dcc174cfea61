"""What TF-MoDISco reads: ``modisco motifs -s ohe.npz -a shap.npz``."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from fastism.io.header import Header
from fastism.io.rows import Rows
from fastism.io.whole import check_file_target, check_folder_target
from fastism.io.writers.arrays import NpzWriter
from fastism.io.writers.base import Format, Options
from fastism.io.writers.letters import Matrix, one_matrix

SEQUENCES, SCORES = "ohe.npz", "shap.npz"


class Modisco(Format):
    """A folder of two files, each with ``arr_0`` (N, 4, L): the bases, and hypothetical scores."""

    name: ClassVar[str] = "modisco"
    suffixes: ClassVar[tuple[str, ...]] = (".modisco",)
    about: ClassVar[str] = "a folder with ohe.npz and shap.npz, for TF-MoDISco"
    parts: ClassVar[tuple[str, ...]] = (SEQUENCES, SCORES)

    def check(self, header: Header, options: Options) -> None:
        one_matrix(header, options, "hypothetical", self.name)

    def size(self, header: Header, options: Options, sequences: int) -> int:
        return sequences * len(header.sites) * 4 * 5

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        matrix = one_matrix(header, options, "hypothetical", self.name)
        return _Writer(path, matrix, sequences, packed=options.compression is not None)

    def check_path(self, path: Path, *, force: bool) -> None:
        check_folder_target(path)
        if path.exists():
            for part in self.parts:
                check_file_target(path / part, force=force)


class _Writer:
    def __init__(self, path: Path, matrix: Matrix, sequences: int, *, packed: bool) -> None:
        shape = (sequences, 4, matrix.width)
        self._matrix = matrix
        self._sequences = NpzWriter(path / SEQUENCES, shape, np.int8, packed=packed)
        self._scores = NpzWriter(path / SCORES, shape, np.float32, packed=packed)

    def append(self, rows: Rows) -> None:
        self._sequences.append(self._matrix.one_hot(rows).transpose(0, 2, 1))
        self._scores.append(self._matrix.scores(rows)[..., 0].transpose(0, 2, 1))

    def close(self) -> None:
        self._sequences.close()
        self._scores.close()
