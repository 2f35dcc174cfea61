"""An array by the name of its file, or of its file and its own."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.array_files import is_array_file, open_array, path_of

ONE, TWO = np.arange(6).reshape(2, 3), np.ones((4, 1))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b").mkdir()
    for name in ("one.npy", "a:b/one.npy"):
        np.save(name, ONE)
    np.savez("one.npz", x=ONE)
    np.savez("two.npz", x=ONE, y=TWO)
    np.savez("none.npz")
    with h5py.File("two.h5", "w") as file:
        file["group/x"], file["y"] = ONE, TWO
        file["z"] = h5py.SoftLink("/y")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "label", "array"),
    [
        ("one.npy", "one.npy", ONE),
        ("a:b/one.npy", "a:b/one.npy", ONE),
        ("one.npz", "one.npz:x", ONE),
        ("two.npz:y", "two.npz:y", TWO),
        ("two.h5:group/x", "two.h5:group/x", ONE),
        ("two.h5:y", "two.h5:y", TWO),
    ],
)
def test_the_array_that_is_named(folder: Path, text: str, label: str, array: np.ndarray) -> None:
    assert is_array_file(text)
    found = open_array(text)
    assert found.label == label
    assert found.array[:].tolist() == array.tolist()


def test_paths_alone() -> None:
    assert path_of("a:b/one.npy") == Path("a:b/one.npy")
    assert path_of("x:y.NPZ:z") == Path("x:y.NPZ")
    assert path_of("two.h5:group/x") == Path("two.h5")
    assert not is_array_file("x.fa")
    assert not is_array_file("npy")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x.fa", "x.fa is no file of arrays"),
        ("no.npy", "there is no file of arrays no.npy"),
        ("one.npy:x", "one.npy holds one array, without a name"),
        ("two.npz", "two.npz holds 2 arrays, and one is to be read"),
        ("none.npz", "none.npz holds 0 arrays, and one is to be read"),
        ("two.npz:xx", "two.npz has no array 'xx'"),
        ("two.h5", "two.h5 holds 2 arrays"),
        ("two.h5:group", "two.h5 has no array 'group'"),
    ],
)
def test_what_is_none(folder: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        open_array(text)
    assert caught.value.what.startswith(said)


def test_the_near_miss_and_what_there_is(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_array("two.h5:groups/x")
    assert caught.value.why == "it has group/x, y"
    assert caught.value.attempt == "did you mean 'group/x'?"
    with pytest.raises(InputError) as caught:
        open_array("two.npz")
    assert (caught.value.why, caught.value.attempt) == ("it has x, y", "two.npz:x")
