"""The scores file as a zarr store, for arrays that are read from afar, or by many at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from fastism.errors import InputError, require_extra
from fastism.io.header import Array, Header
from fastism.io.rows import Rows
from fastism.io.scores import rows_a_block
from fastism.io.whole import check_parent
from fastism.io.writers.base import Format, Options
from fastism.io.writers.h5 import NAME_BYTES, refuse_choice

_MARKS = (".zgroup", "zarr.json")


class Zarr(Format):
    """The datasets and attributes of `fastism.io.scores`, in zarr's format 2, a block a chunk."""

    name: ClassVar[str] = "zarr"
    suffixes: ClassVar[tuple[str, ...]] = (".zarr",)
    about: ClassVar[str] = "what h5 holds, as a zarr store"

    def check(self, header: Header, options: Options) -> None:
        refuse_choice("a zarr store", options)
        require_extra("zarr", "a zarr store", "zarr")

    def size(self, header: Header, options: Options, sequences: int) -> int:
        return sequences * (header.bytes_a_sequence + NAME_BYTES)

    def open(self, path: Path, header: Header, options: Options, sequences: int) -> _Writer:
        return _Writer(path, header, options, sequences)

    def check_path(self, path: Path, *, force: bool) -> None:
        check_parent(path)
        if not path.exists():
            return
        if not path.is_dir() or not any((path / mark).exists() for mark in _MARKS):
            raise InputError(f"{path} exists already, and is no zarr store", attempt="another name")
        if not force:
            raise InputError(
                f"{path} exists already", attempt="another name, or --force to replace it"
            )


class _Writer:
    def __init__(self, path: Path, header: Header, options: Options, sequences: int) -> None:
        import zarr

        self._header = header
        self._group: Any = zarr.open_group(str(path), mode="w", zarr_format=2)
        self._packed = options.compression is not None
        self._sequences = sequences
        self._block = rows_a_block(header)
        self._done = 0
        self._columns: dict[str, list[Any]] = {}
        attributes = {key: _plain(value) for key, value in header.attributes.items()}
        attributes["alphabet"] = header.alphabet
        if header.letters is not None:
            attributes["letters"] = list(header.letters)
        self._group.attrs.update(attributes)
        self._whole("sites", np.asarray(header.sites, np.int64))
        if header.own_rows:
            stored = header.alternatives
            self._rows("alternatives", stored.shape[1:], stored.dtype)
        else:
            self._whole("alternatives", header.alternatives.astype(np.float32))
        self._rows("sequences", (header.length, header.channels), np.dtype(header.stored))
        for name, shape in header.datasets.items():
            self._rows(name, shape, np.dtype(np.float32))

    def _whole(self, name: str, values: Array) -> None:
        self._group.create_array(name, data=values, compressors=self._compressors())

    def _rows(self, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self._group.create_array(
            name,
            shape=(self._sequences, *shape),
            chunks=(self._block, *(max(size, 1) for size in shape)),
            dtype=dtype,
            compressors=self._compressors(),
        )

    def _compressors(self) -> Any:
        return "auto" if self._packed else None

    def append(self, rows: Rows) -> None:
        header = self._header
        values: dict[str, Array] = {"sequences": np.asarray(rows.sequences, header.stored)}
        if header.own_rows:
            assert rows.alternatives is not None
            shape = (len(rows), *header.alternatives.shape[1:])
            values["alternatives"] = np.broadcast_to(rows.alternatives, shape)
        values |= rows.datasets(header.outputs)
        part = slice(self._done, self._done + len(rows))
        for name, added in values.items():
            self._group[name][part] = added
        self._note("names", rows.names)
        for region in rows.regions or ():
            for column in ("chrom", "start", "end", "strand"):
                self._note(f"regions/{column}", [getattr(region, column)])
        self._done += len(rows)

    def _note(self, name: str, values: Any) -> None:
        self._columns.setdefault(name, []).extend(values)

    def close(self) -> None:
        for name, values in self._columns.items():
            if isinstance(values[0], str):
                column = self._group.create_array(name, shape=(len(values),), dtype=str)
                column[:] = np.asarray(values, dtype=object)
            else:
                self._whole(name, np.asarray(values, np.int64))


def _plain(value: Any) -> Any:
    """An attribute as JSON has it."""
    return value.item() if isinstance(value, np.generic) else value
