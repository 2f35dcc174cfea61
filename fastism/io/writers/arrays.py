"""An array in a .npz file, written a part at a time."""

from __future__ import annotations

import weakref
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.header import Array

_EPOCH = (1980, 1, 1, 0, 0, 0)


class NpzWriter:
    """A ``.npz`` file that holds one array, ``arr_0``, of a shape that is known from the start.

    The time in it is always the same, so that equal arrays make equal files.
    """

    def __init__(
        self, path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike, *, packed: bool = False
    ) -> None:
        self._dtype = np.dtype(dtype)
        self._zip = zipfile.ZipFile(path, "w")
        entry = zipfile.ZipInfo("arr_0.npy", _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        self._file = self._zip.open(entry, "w", force_zip64=True)
        described = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": shape,
        }
        np.lib.format.write_array_header_1_0(self._file, described)
        self._dropped = weakref.finalize(self, _let_go, self._file, self._zip)

    def append(self, rows: Array) -> None:
        """Add rows of the first axis."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).tobytes())

    def close(self) -> None:
        self._dropped.detach()
        self._file.close()
        self._zip.close()


def _let_go(*files: Any) -> None:
    """Close what is not wanted after all, without a word of what its disk says to that."""
    for file in files:
        with suppress(OSError):
            file.close()
