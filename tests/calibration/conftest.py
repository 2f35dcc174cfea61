"""A cache folder of a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastism import caching


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, which is not there yet."""
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"
