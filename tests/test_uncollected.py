"""The garbage collector is held off, and is as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from fastism.uncollected import uncollected


def test_nothing_is_collected_inside() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="no plan"), uncollected():
        raise ValueError("no plan")
    assert gc.isenabled()


def test_who_switched_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
