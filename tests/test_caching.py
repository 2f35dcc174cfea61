"""What is kept for the next process: whole or not at all, and not without end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fastism import caching

NAMES = [character * 64 for character in "0123456789"]


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_is_found(kept: Path) -> None:
    assert caching.found("kind", NAMES[0]) is None
    caching.keep("kind", NAMES[0], b"content")
    assert caching.found("kind", NAMES[0]) == b"content"


def test_what_is_kept_whole_is_found_only_so(kept: Path) -> None:
    assert caching.found_whole("kind", NAMES[0]) is None
    caching.keep_whole("kind", NAMES[0], b"content")
    assert caching.found_whole("kind", NAMES[0]) == b"content"
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[:-1], whole + b"x", whole[:5], b"", b"x" + whole[1:]):
        file.write_bytes(damaged)
        assert caching.found_whole("kind", NAMES[0]) is None


def test_so_many_files_are_kept_that_were_asked_for_last(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a process; what lies there beside them is not fastism's to remove."""
    for age, name in enumerate(reversed(NAMES)):
        caching.keep("kind", name, b"")
        os.utime(kept / name, (1e9 - age, 1e9 - age))
    (kept / "notes.txt").write_text("mine")
    os.utime(kept / "notes.txt", (0, 0))
    (kept / ("f" * 63)).mkdir()
    assert caching.found("kind", NAMES[0]) == b""  # the oldest, asked for now
    monkeypatch.setattr(caching, "MOST", 3)
    monkeypatch.setattr(caching, "_TRIMMED", set())
    caching.keep("kind", "a" * 64, b"")
    left = {NAMES[0], NAMES[9], "a" * 64}
    assert {each.name for each in kept.iterdir()} == {*left, "notes.txt", "f" * 63}
    caching.keep("kind", "b" * 64, b"")
    assert len(list(kept.iterdir())) == 6


def test_other_code_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files beneath as well; what Python makes of them does not count."""
    monkeypatch.syspath_prepend(str(tmp_path))
    inner = tmp_path / "hashed_package" / "inner"
    inner.mkdir(parents=True)
    for place in (inner.parent, inner):
        (place / "__init__.py").write_text("")

    def name() -> str:
        caching.code_of.cache_clear()
        return caching.code_of("hashed_package")

    found = [name()]
    (inner / "__init__.py").write_text("x = 1")
    found.append(name())
    (inner / "__init__.py").rename(inner / "other.py")
    found.append(name())
    assert len(set(found)) == 3
    (inner / "__pycache__").mkdir()
    (inner / "__pycache__" / "other.pyc").write_text("compiled")
    (inner / "notes.txt").write_text("none")
    assert name() == found[-1]
    caching.code_of.cache_clear()
    sys.modules.pop("hashed_package", None)
