"""Compiled code is kept, found again, and never trusted where it is not whole."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from fastism import caching
from fastism.backends.native import cache
from fastism.backends.native.jit import Compiled
from fastism.backends.native.machine import host

TEXT = """
define void @forty_two(i64 %where, i64 %b, i64 %c) {
  %pointer = inttoptr i64 %where to ptr
  store i64 42, ptr %pointer
  ret void
}
"""


def answer(compiled: Compiled) -> int:
    place = ctypes.c_int64(0)
    compiled.function("forty_two")(ctypes.addressof(place), 0, 0)
    return place.value


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_second_time_nothing_is_compiled(kept: Path) -> None:
    assert not Compiled(TEXT, host()).warm
    again = Compiled(TEXT, host())
    assert again.warm
    assert answer(again) == 42
    assert len(list(kept.iterdir())) == 1


def test_a_file_that_was_changed_is_not_run(kept: Path) -> None:
    Compiled(TEXT, host())
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    again = Compiled(TEXT, host())
    assert not again.warm
    assert answer(again) == 42
    assert Compiled(TEXT, host()).warm


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "file"))
    assert answer(Compiled(TEXT, host())) == 42


def test_an_empty_name_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(caching.VARIABLE, "")
    assert caching.folder(cache.KIND) is None
    assert not Compiled(TEXT, host()).warm


def test_the_key_is_of_code_and_cpu() -> None:
    one = cache.key(TEXT, host())
    assert one == cache.key(TEXT, host())
    assert one != cache.key(TEXT + "\n", host())
