"""Disks that run full while scores are written: it is said, and what was whole before stays."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.hdf5 import Disk, Hdf5File
from fastism.io.writers.base import Options
from tests.io.writers.small import write


class Narrow:
    """A file on a disk with room for so many bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: memoryview) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = data[: self._room]
        self._room -= len(part)
        return int(self._file.write(part))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def narrow(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    begin = Disk.__init__

    def made(self: Disk, path: Path) -> None:
        begin(self, path)
        self._file: Any = Narrow(self._file, room)

    monkeypatch.setattr(Disk, "__init__", made)


@pytest.mark.parametrize("room", [0, 100, 3000, 20_000])
def test_hdf5_is_closed_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    narrow(monkeypatch, room)
    written = Hdf5File(tmp_path / "x.h5")
    dataset = written.file.create_dataset("x", (0, 100), maxshape=(None, 100), chunks=(1, 100))
    for count in range(1, 60):
        dataset.resize(count, axis=0)
        dataset[-1] = np.arange(100)
    with pytest.raises(OSError, match="No space left on device"):
        written.close()
    with pytest.raises(OSError, match="No space left on device"):
        written.check()
    assert not written.file


@pytest.mark.parametrize("format", ["h5", "chrombpnet", "bpnet", "basenji"])
def test_it_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    narrow(monkeypatch, 500)
    options = Options(targets=((1,),)) if format != "h5" else Options()
    with pytest.raises(InputError) as error:
        write(tmp_path, format, options)
    assert str(error.value) == (
        f"the disk is full: no room for {tmp_path / 'out'}\n"
        "  try: make room, then the same command; of a run, with --resume"
    )
    assert not list(tmp_path.iterdir())


def test_a_file_with_room_is_what_hdf5_itself_writes(tmp_path: Path) -> None:
    import h5py

    written = Hdf5File(tmp_path / "x.h5")
    direct = h5py.File(tmp_path / "y.h5", "w")
    for file in (written.file, direct):
        dataset = file.create_dataset("x", (0, 100), maxshape=(None, 100), chunks=(1, 100))
        for count in range(1, 60):
            dataset.resize(count, axis=0)
            dataset[-1] = np.arange(100)
    written.close()
    direct.close()
    assert (tmp_path / "x.h5").read_bytes() == (tmp_path / "y.h5").read_bytes()


def test_what_is_written_goes_on_where_it_stands(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "x")
    assert (disk.write(b"abcd"), disk.write(b"ef"), disk.tell()) == (4, 2, 6)
    assert disk.seek(-2, io.SEEK_END) == 4
    disk.write(b"gh")
    assert (disk.seek(0), disk.readinto(buffer := bytearray(9)), buffer[:6]) == (0, 6, b"abcdgh")
    disk.close()


def test_what_finds_no_room_is_passed_over(tmp_path: Path) -> None:
    """HDF5 is told that all is written, and goes on behind it."""

    class Small:
        def __init__(self) -> None:
            self.room, self.at = 3, 0

        def write(self, data: memoryview) -> int:
            if not self.room:
                raise OSError(errno.ENOSPC, "full")
            count = min(len(data), 2, self.room)
            self.room, self.at = self.room - count, self.at + count
            return count

        def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
            assert whence == io.SEEK_CUR
            self.at += offset
            return self.at

    disk = Disk(tmp_path / "x")
    disk._file.close()
    disk._file = small = Small()  # type: ignore[assignment]
    assert (disk.write(b"abcde"), small.at) == (5, 5)
    assert disk.error is not None
    assert disk.error.errno == errno.ENOSPC
    assert (disk.write(b"fg"), small.at) == (2, 7)
