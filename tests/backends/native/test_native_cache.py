"""Compiled code is kept, found again, and never trusted where it is not whole."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

from fastism import api, caching
from fastism.backends.native import cache, program
from fastism.backends.native.emit import native_graph
from fastism.backends.native.jit import Compiled
from fastism.backends.native.machine import host
from fastism.testing.random_models import randomize

TEXT = """
define void @forty_two(i64 %where, i64 %b, i64 %c) {
  %pointer = inttoptr i64 %where to ptr
  store i64 42, ptr %pointer
  ret void
}
"""


def compiled() -> Compiled:
    return Compiled("forty-two", lambda: TEXT, host())


def answer(compiled: Compiled) -> int:
    place = ctypes.c_int64(0)
    compiled.function("forty_two")(ctypes.addressof(place), 0, 0)
    return place.value


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_second_time_nothing_is_compiled(kept: Path) -> None:
    assert not compiled().warm
    again = Compiled("forty-two", lambda: pytest.fail("it was written again"), host())
    assert again.warm
    assert answer(again) == 42
    assert len(list(kept.iterdir())) == 1


def test_a_file_that_was_changed_is_not_run(kept: Path) -> None:
    compiled()
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    again = compiled()
    assert not again.warm
    assert answer(again) == 42
    assert compiled().warm


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "file"))
    assert answer(compiled()) == 42


def test_an_empty_name_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(caching.VARIABLE, "")
    assert caching.folder(cache.KIND) is None
    assert not compiled().warm


def test_the_key_is_of_code_and_cpu() -> None:
    one = cache.key(TEXT, host())
    assert one == cache.key(TEXT, host())
    assert one != cache.key(TEXT + "\n", host())


def test_the_code_of_a_graph_is_found_before_any_is_written(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what decides it: other names and other weights are the same code."""

    def graph(prefix: str, seed: int) -> Any:
        x = inputs = keras.Input((20, 4), name=f"{prefix}_sequence")
        x = layers.Conv1D(8, 3, activation="relu", name=f"{prefix}_conv")(x)
        model = keras.Model(inputs, layers.PReLU(shared_axes=[1], name=f"{prefix}_prelu")(x))
        randomize(model, seed)
        module = api.compile(model).module
        return native_graph(module, module.graphs[1], {}, host())

    graph("one", 1)
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr(program, "write", lambda *_: pytest.fail("it was written again"))
    graph("two", 2)
    assert len(list(kept.iterdir())) == 1
