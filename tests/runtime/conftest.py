"""A clock of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from fastism.runtime import timing, tune


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[float]], None]:
    """``clock(times)``: what the clock shows, each time that it is looked at."""

    def patch(times: Iterator[float]) -> None:
        for module in (tune, timing):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=times.__next__))

    return patch
