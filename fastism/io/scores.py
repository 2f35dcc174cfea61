"""The scores file: one HDF5 file, written a block at a time, and read back whole or in blocks.

names               (N,)               utf-8
sequences           (N, L, C)          int8, the one-hot rows; float32 where they hold other numbers
sites               (S, 2)             start and width of each edited interval
alternatives        (A, width, C)      the rows written at every site of every sequence; or, where
                                       they differ, (N, S, A, width, C), with S = 1 where every
                                       site of a sequence gets the same
regions/chrom       (N,)               utf-8; where sequences come from a genome: start and end,
regions/start       (N,)               int64, are 0-based and half-open, and a strand of "-" means
regions/end         (N,)               that the sequence is the reverse complement
regions/strand      (N,)               utf-8: "+", "-" or "."
OUTPUT/reference    (N, *out)          float32
OUTPUT/alternate    (N, S, A, *out)    float32
OUTPUT/reference_std, OUTPUT/delta_std float32; of several plans, how far they are apart about
                                       reference, and about alternate - reference: the standard
                                       deviation over them, as root mean square

Attributes of the file: `fastism.io.header.facts`; ``computed_by``, see `fastism.io.computed`; and
``letters`` where only some channels are written.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fastism.errors import InputError, reason, require_file
from fastism.io.hdf5 import Hdf5File
from fastism.io.header import RESERVED, Header
from fastism.io.regions import Region
from fastism.io.rows import BLOCK_BYTES, Rows

Array = npt.NDArray[Any]

_CHUNK_BYTES = 1 << 22
_TEXT = h5py.string_dtype("utf-8")


@dataclass(frozen=True, eq=False)
class ScoresFile:
    """A whole scores file in memory; the arrays are as the module's docstring lays out."""

    names: list[str]
    sequences: Array
    sites: Array
    alternatives: Array
    reference: dict[str, Array]
    alternate: dict[str, Array]
    attributes: dict[str, Any]
    regions: list[Region] | None = None
    reference_std: dict[str, Array] = field(default_factory=dict)
    delta_std: dict[str, Array] = field(default_factory=dict)

    def delta(self, output: str) -> Array:
        """Alternate minus reference, ``(N, S, A, *out)``; zero at the reference base."""
        return np.asarray(self.alternate[output] - self.reference[output][:, None, None])


class ScoresWriter:
    """Writes a scores file at ``path`` as the blocks come; whole once it is closed.

    compression: ``"gzip"`` or none.
    """

    def __init__(self, path: Path, header: Header, *, compression: str | None = None) -> None:
        self._header = header
        self._compression = compression
        self._whole = Hdf5File(path)
        self._file = self._whole.file
        self._lay_out()

    def _lay_out(self) -> None:
        header = self._header
        attributes = {**header.attributes, "alphabet": header.alphabet}
        self._file.attrs.update(sorted(attributes.items()))  # as they come back
        if header.letters is not None:
            self._file.attrs["letters"] = list(header.letters)
        self._file["sites"] = np.asarray(header.sites, np.int64)
        self._file["sites"].attrs["columns"] = ["start", "width"]
        if header.own_rows:
            stored = header.alternatives
            self._growing("alternatives", stored.shape[1:], stored.dtype)
        else:
            self._file["alternatives"] = header.alternatives.astype(np.float32)
        self._growing("names", (), _TEXT)
        self._growing("sequences", (header.length, header.channels), np.dtype(header.stored))
        if header.regions:
            for name, dtype in _REGION.items():
                self._growing(f"regions/{name}", (), dtype)
        for name, shape in header.datasets.items():
            self._growing(name, shape, np.float32)

    def _growing(self, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        """A dataset with no rows yet, stored a sequence (or a part of one) a chunk."""
        chunk = list(shape)
        if chunk:  # split the first axis, the sites, where one sequence is too much
            per_row = 4 * math.prod(chunk[1:])
            chunk[0] = max(1, min(chunk[0], _CHUNK_BYTES // max(per_row, 1)))
        self._file.create_dataset(
            name,
            shape=(0, *shape),
            maxshape=(None, *shape),
            chunks=(1, *chunk) if shape else (256,),
            dtype=dtype,
            compression=self._compression,
        )

    def append(self, rows: Rows) -> None:
        """Add sequences and their scores."""
        self._add("names", np.asarray(rows.names, dtype=object))
        self._add("sequences", np.asarray(rows.sequences, self._header.stored))
        if self._header.own_rows:
            assert rows.alternatives is not None
            shape = (len(rows), *self._header.alternatives.shape[1:])
            self._add("alternatives", np.broadcast_to(rows.alternatives, shape))
        if self._header.regions:
            assert rows.regions is not None
            for name in _REGION:
                values = [getattr(region, name) for region in rows.regions]
                self._add(f"regions/{name}", np.asarray(values, _REGION[name]))
        for name, scores in rows.datasets(self._header.outputs).items():
            self._add(name, scores)
        self._whole.check()

    def _add(self, name: str, rows: Array) -> None:
        dataset = self._file[name]
        before = len(dataset)
        if rows.shape[1:] != dataset.shape[1:]:
            raise ValueError(f"{name} takes rows of {dataset.shape[1:]}, not {rows.shape[1:]}")
        dataset.resize(before + len(rows), axis=0)
        dataset[before:] = rows

    def close(self) -> None:
        """The file is whole. Raises OSError where it could not be written."""
        self._whole.close()


_REGION: dict[str, Any] = {"chrom": _TEXT, "start": np.int64, "end": np.int64, "strand": _TEXT}


class ScoresReader:
    """Reads a scores file block by block; to be closed, or used in a ``with`` block.

    Raises InputError if there is no such file, or it is something else.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        require_file(path, "scores file")
        self.path = path
        try:
            self._file = h5py.File(path, "r")
        except OSError as error:
            raise _not_scores(path, error) from error
        try:
            self.header = self._header()
        except (OSError, KeyError) as error:
            self._file.close()
            raise _not_scores(path, error) from error

    def _header(self) -> Header:
        file, attributes = self._file, dict(self._file.attrs)
        letters = attributes.pop("letters", None)
        rows = file["alternatives"]
        sequences = file["sequences"]
        file["names"]  # every file has them
        outputs = {
            name: tuple(file[name]["reference"].shape[1:])
            for name in file
            if name not in RESERVED and "alternate" in file[name]
        }
        return Header(
            outputs=outputs,
            sites=file["sites"][:],
            alternatives=rows[:] if rows.ndim == 3 else np.empty((0, *rows.shape[1:]), rows.dtype),
            length=int(sequences.shape[1]),
            channels=int(sequences.shape[2]),
            alphabet=str(attributes["alphabet"]),
            regions="regions" in file,
            stored=sequences.dtype.name,
            letters=None if letters is None else tuple(map(int, letters)),
            deviations=any("delta_std" in file[name] for name in outputs),
            attributes=attributes,
        )

    def __len__(self) -> int:
        return int(self._file["names"].shape[0])

    @property
    def names(self) -> list[str]:
        """The names of all sequences, in order."""
        return [str(name) for name in self._file["names"].asstr()[:]]

    def rows(self, start: int, stop: int, outputs: Sequence[str] | None = None) -> Rows:
        """The sequences ``[start, stop)``, with the scores of some outputs; of all for None."""
        file, part = self._file, slice(start, stop)
        wanted = tuple(self.header.outputs if outputs is None else outputs)
        return Rows(
            names=[str(name) for name in file["names"].asstr()[part]],
            sequences=file["sequences"][part],
            scores=self._pairs(wanted, part, "reference", "alternate"),
            alternatives=file["alternatives"][part] if self.header.own_rows else None,
            regions=self._regions(part) if self.header.regions else None,
            deviations=self._pairs(wanted, part, "reference_std", "delta_std")
            if self.header.deviations
            else None,
        )

    def _pairs(
        self, outputs: Sequence[str], part: slice, one: str, other: str
    ) -> dict[str, tuple[Array, Array]]:
        file = self._file
        return {name: (file[name][one][part], file[name][other][part]) for name in outputs}

    def _regions(self, part: slice) -> list[Region]:
        stored = self._file["regions"]
        columns = (
            stored["chrom"].asstr()[part],
            stored["start"][part].tolist(),
            stored["end"][part].tolist(),
            stored["strand"].asstr()[part],
        )
        return [
            Region(str(chrom), start, end, str(strand))
            for chrom, start, end, strand in zip(*columns, strict=True)
        ]

    def blocks(self) -> Iterator[Rows]:
        """All sequences in order, a few at a time."""
        step = rows_a_block(self.header)
        for start in range(0, len(self), step):
            yield self.rows(start, min(start + step, len(self)))

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> ScoresReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def rows_a_block(header: Header) -> int:
    """How many sequences are read and written at a time."""
    return max(1, BLOCK_BYTES // header.bytes_a_sequence)


def blocks_of(paths: Sequence[Path]) -> Iterator[Rows]:
    """The sequences of several scores files, one file open at a time."""
    for path in paths:
        with ScoresReader(path) as reader:
            yield from reader.blocks()


def read_scores(path: str | os.PathLike[str]) -> ScoresFile:
    """Read a scores file whole. Raises InputError if there is none, or it is something else."""
    with ScoresReader(path) as reader:
        header, rows = reader.header, reader.rows(0, len(reader))
    return ScoresFile(
        names=list(rows.names),
        sequences=rows.sequences,
        sites=header.sites,
        alternatives=header.alternatives if rows.alternatives is None else rows.alternatives,
        reference={name: reference for name, (reference, _) in rows.scores.items()},
        alternate={name: alternate for name, (_, alternate) in rows.scores.items()},
        attributes=dict(header.attributes),
        regions=None if rows.regions is None else list(rows.regions),
        reference_std={name: spread for name, (spread, _) in (rows.deviations or {}).items()},
        delta_std={name: spread for name, (_, spread) in (rows.deviations or {}).items()},
    )


def _not_scores(path: str | os.PathLike[str], error: Exception) -> InputError:
    return InputError(f"{path} is not a scores file", why=reason(error))
