"""Which CPU this is: by its kind, and by how much of it is this process's."""

from __future__ import annotations

import os

import pytest

from fastism.backends.cpu import cpu


def test_cores_count_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert cpu()[2] == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cpu()[2] == 64


def test_settings_of_tensorflow_are_conditions_of_its_speed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fastism.backends import auto
    from fastism.backends.base import ways_of
    from fastism.backends.tensorflow import devices

    for name in devices.SETTINGS:
        before = [ways_of(each).conditions() for each in ("tensorflow", "auto")]  # type: ignore[misc]
        with monkeypatch.context() as patch:
            patch.setenv(name, "otherwise")
            for each, was in zip(("tensorflow", "auto"), before, strict=True):
                assert ways_of(each).conditions() != was  # type: ignore[misc]
    with_llvmlite = auto.conditions()
    monkeypatch.setattr(auto, "version", lambda package: f"another {package}")
    assert auto.conditions() != with_llvmlite
