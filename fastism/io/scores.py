"""Scores out: one HDF5 file, written a batch at a time, and read back.

names               (N,)               utf-8
sequences           (N, L, C)          int8, the one-hot rows
sites               (S, 2)             start and width of each edited interval
alternatives        (A, width, C)      the rows written at every site of every sequence; or, where
                                       they differ, (N, S, A, width, C), with S = 1 where every
                                       site of a sequence gets the same
OUTPUT/reference    (N, *out)          float32
OUTPUT/alternate    (N, S, A, *out)    float32
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.manifest import JSON
from fastism.io.versions import PLAN_FORMAT, versions
from fastism.io.whole import check_file_target, replacing

Array = npt.NDArray[Any]

CONVENTION = (
    "raw: OUTPUT/alternate is f(alternative) and OUTPUT/reference is f(reference), as the model "
    "gives them; the column of the reference base holds the reference prediction. "
    "delta = alternate - reference, which is 0 at the reference base."
)
_CHUNK_BYTES = 1 << 22
_RESERVED = frozenset({"names", "sequences", "sites", "alternatives"})


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

    def delta(self, output: str) -> Array:
        """Alternate minus reference, ``(N, S, A, *out)``; zero at the reference base."""
        return np.asarray(self.alternate[output] - self.reference[output][:, None, None])


class ScoresWriter:
    """Writes scores as they come; the file appears at ``path`` when the ``with`` block ends well.

    outputs: the shape of each output without its batch axis. sites: ``(S, 2)`` int, starts and
    widths. alternatives: the rows written, ``(A, width, C)``; or an array ``(0, S, A, width, C)``
    of the type they are stored as, where they come with the sequences. length, alphabet: of those.
    model: name and sha256. arguments: what the run was asked for, recorded in the file and in
    ``PATH.args.json`` beside it. Raises InputError where ``path`` exists (unless ``force``).
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        outputs: Mapping[str, Sequence[int]],
        sites: npt.ArrayLike,
        alternatives: npt.ArrayLike,
        length: int,
        alphabet: str,
        model: tuple[str, str],
        arguments: Mapping[str, JSON],
        compression: str | None = None,
        force: bool = False,
    ) -> None:
        self.path = Path(path)
        check_scores_target(self.path, force=force)
        for name in outputs:
            if name in _RESERVED or "/" in name:
                raise InputError(f"the output {name!r} cannot be a dataset's name")
        self._outputs = {name: tuple(shape) for name, shape in outputs.items()}
        self._sites = np.asarray(sites, np.int64)
        self._alternatives = np.asarray(alternatives)
        self._own_rows = self._alternatives.ndim == 5
        self._shape = (length, len(alphabet))
        self._compression = compression
        self._arguments = dict(arguments)
        self._attributes = {
            "model": model[0],
            "model_sha256": model[1],
            "plan_format": PLAN_FORMAT,
            "alphabet": alphabet,
            "convention": CONVENTION,
            "arguments": json.dumps(self._arguments),
            **{f"{name}_version": version for name, version in versions().items()},
        }
        self._stack = ExitStack()

    def __enter__(self) -> ScoresWriter:
        with ExitStack() as stack:
            record = stack.enter_context(replacing(arguments_path(self.path)))
            partial = stack.enter_context(replacing(self.path))
            content = {"arguments": self._arguments, "versions": versions()}
            record.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            self._file = stack.enter_context(h5py.File(partial, "w"))
            self._lay_out()
            self._stack = stack.pop_all()
        return self

    def _lay_out(self) -> None:
        sites, alternatives = len(self._sites), self._alternatives.shape[-3]
        self._file.attrs.update(self._attributes)
        self._file["sites"] = self._sites
        self._file["sites"].attrs["columns"] = ["start", "width"]
        if self._own_rows:
            stored = self._alternatives
            self._growing("alternatives", stored.shape[1:], stored.dtype)
        else:
            self._file["alternatives"] = self._alternatives.astype(np.float32)
        self._growing("names", (), h5py.string_dtype("utf-8"))
        self._growing("sequences", self._shape, np.int8)
        for name, shape in self._outputs.items():
            self._growing(f"{name}/reference", shape, np.float32)
            self._growing(f"{name}/alternate", (sites, alternatives, *shape), np.float32)

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

    def append(
        self,
        names: Sequence[str],
        sequences: Array,
        scores: Mapping[str, tuple[Array, Array]],
        alternatives: Array | None = None,
    ) -> None:
        """Add n sequences: names, rows ``(n, L, C)``, and (reference, alternate) by output.

        alternatives: what was written in them, ``(n, S, A, width, C)``, where it is their own.
        """
        self._add("names", np.asarray(names, dtype=object))
        self._add("sequences", np.asarray(sequences, np.int8))
        if self._own_rows:
            assert alternatives is not None
            shape = (len(names), *self._alternatives.shape[1:])
            self._add("alternatives", np.broadcast_to(alternatives, shape))
        for name in self._outputs:
            reference, alternate = scores[name]
            self._add(f"{name}/reference", reference)
            self._add(f"{name}/alternate", alternate)

    def _add(self, name: str, rows: Array) -> None:
        dataset = self._file[name]
        before = len(dataset)
        if rows.shape[1:] != dataset.shape[1:]:
            raise ValueError(f"{name} takes rows of {dataset.shape[1:]}, not {rows.shape[1:]}")
        dataset.resize(before + len(rows), axis=0)
        dataset[before:] = rows

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)


def arguments_path(path: Path) -> Path:
    """Where the arguments of a run are recorded: ``scores.h5.args.json`` beside ``scores.h5``."""
    return path.with_name(path.name + ".args.json")


def check_scores_target(path: Path, *, force: bool) -> None:
    """Raises InputError if scores, or the record of their arguments, must not be written there."""
    check_file_target(path, force=force)
    check_file_target(arguments_path(path), force=force)


def read_scores(path: str | os.PathLike[str]) -> ScoresFile:
    """Read a scores file whole. Raises InputError if there is none, or it is something else."""
    if not Path(path).is_file():
        raise InputError(f"there is no scores file {path}")
    try:
        with h5py.File(path, "r") as file:
            outputs = [name for name in file if name not in _RESERVED]
            return ScoresFile(
                names=[str(name) for name in file["names"].asstr()[:]],
                sequences=file["sequences"][:],
                sites=file["sites"][:],
                alternatives=file["alternatives"][:],
                reference={name: file[name]["reference"][:] for name in outputs},
                alternate={name: file[name]["alternate"][:] for name in outputs},
                attributes=dict(file.attrs),
            )
    except (OSError, KeyError) as error:
        raise InputError(f"{path} is not a scores file", why=str(error)) from error
