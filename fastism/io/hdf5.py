"""HDF5 files that take a full disk well.

HDF5 does not: what it cannot write it keeps, fails to write again when the file is closed, and may
take the process down with it. So it writes into `Disk`, which takes what comes, and remembers the
first error for whoever looks.
"""

from __future__ import annotations

import io
import weakref
from pathlib import Path
from typing import Any

import h5py


class Disk(io.RawIOBase):
    """A new file that swallows what it cannot write, and remembers why."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b", buffering=0)
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        written = 0
        try:
            while self.error is None and written < len(view):
                written += self._file.write(view[written:])
        except OSError as error:
            self.error = error
        self._file.seek(len(view) - written, io.SEEK_CUR)
        return len(view)

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def truncate(self, size: int | None = None) -> int:
        return self._file.truncate(size)

    def close(self) -> None:
        self._file.close()
        super().close()


class Hdf5File:
    """A new HDF5 file: ``file``, as h5py has it.

    Whoever drops it without closing it, on the way out of an error, has it closed all the same, and
    before Python takes apart what HDF5 writes into.
    """

    def __init__(self, path: Path) -> None:
        self._disk = Disk(path)
        self.file = h5py.File(self._disk, "w")
        self._let_go = weakref.finalize(self, _close, self.file, self._disk)

    def check(self) -> None:
        """Raise the OSError that the disk gave, if it did."""
        if self._disk.error is not None:
            raise self._disk.error

    def close(self) -> None:
        """Raises the OSError that the disk gave, if it did."""
        self._let_go()
        self.check()


def _close(file: h5py.File, disk: Disk) -> None:
    file.close()
    disk.close()
