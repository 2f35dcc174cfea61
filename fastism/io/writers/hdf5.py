"""HDF5 files in the layouts of other tools, filled a block at a time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastism.io.hdf5 import Hdf5File
from fastism.io.header import Array, Header
from fastism.io.writers.letters import Matrix, texts


class Hdf5Writer:
    """Datasets of a length that is known from the start, and short columns kept until the end.

    datasets: shape of a row, and type, by name.
    """

    def __init__(
        self,
        path: Path,
        sequences: int,
        datasets: Mapping[str, tuple[tuple[int, ...], Any]],
        *,
        header: Header,
        matrix: Matrix,
        compression: str | None,
    ) -> None:
        self._whole = Hdf5File(path)
        self._file = self._whole.file
        self._file.attrs.update(
            {**header.attributes, **matrix.chosen.attributes, "alphabet": "ACGT"}
        )
        for name, (shape, dtype) in datasets.items():
            self._file.create_dataset(
                name,
                shape=(sequences, *shape),
                dtype=dtype,
                chunks=(1, *shape) if sequences else None,
                compression=compression if sequences else None,
            )
        self._columns: dict[str, list[Any]] = {}
        self._done = 0

    def add(self, rows: Mapping[str, Array]) -> None:
        """Add as many rows to every dataset."""
        count = len(next(iter(rows.values())))
        for name, values in rows.items():
            self._file[name][self._done : self._done + count] = values
        self._done += count
        self._whole.check()

    def note(self, **columns: list[Any]) -> None:
        """Add values to columns of text or numbers."""
        for name, values in columns.items():
            self._columns.setdefault(name, []).extend(values)

    def close(self) -> None:
        for name, values in self._columns.items():
            text = not values or isinstance(values[0], str)
            self._file[name] = texts(values) if text else np.asarray(values, np.int64)
        self._whole.close()
