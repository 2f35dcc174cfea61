"""What a page of a run holds: numbers read back as a browser reads them."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.plotting.landscape import landscape
from fastism.report.packing import MISSING, packed, packed_held, packed_track, strongest
from fastism.report.tracks import Track, tracks_of
from tests.plotting.scored import scored


def read(text: str, dtype: str = "<i2") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_numbers_are_kept_to_a_share_of_the_farthest(size: float) -> None:
    numbers = np.array([[0.25, -1, np.nan], [1 / 3, 0, 1e-9]]) * size
    text, scale = packed(numbers)
    units = read(text)
    assert units.tolist() == [8192, -32767, MISSING, 10922, 0, 0]
    back = np.where(units == MISSING, np.nan, units * scale).reshape(2, 3)
    np.testing.assert_allclose(back, numbers, atol=size / 65534 * 1.001)


def test_nothing_at_all_is_kept_too() -> None:
    for numbers in (np.zeros(3), np.full(3, np.nan)):
        text, scale = packed(numbers)
        assert scale == 0
        assert set(read(text)) == {MISSING if np.isnan(numbers[0]) else 0}


def test_a_track_is_what_a_landscape_shows() -> None:
    shown = landscape(scored(), "raw")
    track = packed_track(shown)
    values = track["neutral"] + read(track["values"]) * track["scale"]
    np.testing.assert_allclose(values.reshape(4, 4), shown.values, atol=track["scale"])
    heights = read(track["heights"]) * track["heightScale"]
    np.testing.assert_allclose(heights, shown.heights, atol=track["heightScale"])
    assert (track["reference"], track["strongest"]) == (1.0, 6.75)


def test_strongest_is_from_what_is_held_and_has_its_sign() -> None:
    made = scored("AC", alternate=1 + np.array([[[0], [1], [2], [-3]]] * 2, np.float32))
    assert strongest(landscape(made)) == -4  # at the second position, which holds C: -3 - 1


def test_held_rows_are_there_where_the_text_does_not_say_them() -> None:
    assert packed_held(landscape(scored())) is None
    eye = np.eye(4, dtype=np.float32)
    words = np.stack([eye[[0, 1]], eye[[2, 3]]])
    alternate = np.zeros((2, 2, 1), np.float32)
    made = scored("ACGA", starts=np.array([0, 2]), width=2, alternatives=words, alternate=alternate)
    assert read(packed_held(landscape(made)), "i1").tolist() == [0, 0, -1, -1]


def test_tracks() -> None:
    shapes = {"counts": (1,), "few": (2, 2), "profile": (1000, 2), "number": ()}
    found = tracks_of(shapes, "delta", [])
    assert found.left_out == ("profile",)
    few = [Track("few", index) for index in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert found.chosen == (Track("counts", (0,)), *few, Track("number", ()))
    assert tracks_of(shapes, "l2", []).chosen == tuple(Track(name, None) for name in shapes)
    picked = tracks_of({"profile": (1000, 2)}, "delta", [(500, 0), (500, 1)])
    assert picked.chosen == (Track("profile", (500, 0)), Track("profile", (500, 1)))
    with pytest.raises(InputError, match=r"2,000 numbers.*\n.*\n.*--outputs profile --target 0,0"):
        tracks_of({"profile": (1000, 2)}, "delta", [])
    with pytest.raises(InputError, match="several\n  why: they are counts, few"):
        tracks_of(shapes, "delta", [(0,)])
