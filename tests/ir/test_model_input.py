"""How a model takes an input that the graph has otherwise: tokens, turned, of another shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fastism.ir import TensorType
from fastism.ir.model_input import ModelInput

ROWS = TensorType.parse("f32[N,3,2]")
TOKENS = ModelInput("x", (3,), tokens=True)
TURNED = ModelInput("x", (2, 3), turned=True)
PLANE = ModelInput("x", (1, 3, 2))


def test_a_plain_one_is_the_graphs_own() -> None:
    assert ModelInput.plain("x", ROWS) == ModelInput("x", (3, 2))


@pytest.mark.parametrize(
    ("given", "own"),
    [
        (TOKENS, [[0, 1, 0]]),
        (TURNED, [[[5, 1, 4], [2, 3, 0]]]),
        (PLANE, [[[[5, 2], [1, 3], [4, 0]]]]),
        (ModelInput("x", (6,)), [[5, 2, 1, 3, 4, 0]]),
    ],
)
def test_an_array_in_the_models_own_form(given: ModelInput, own: Any) -> None:
    assert given.own(np.array([[[5, 2], [1, 3], [4, 0]]])).tolist() == own


def test_an_array_with_the_channels_first_is_turned_back() -> None:
    given = np.array([[[5, 1, 4], [2, 3, 0]]])
    rows = [[[5, 2], [1, 3], [4, 0]]]
    assert TURNED.turned_back(given, ROWS).tolist() == rows
    plane = replace(TURNED, shape=(1, 2, 3))
    assert plane.turned_back(given[:, None], ROWS).tolist() == rows
    for other in (TURNED, PLANE, ModelInput("x", (3, 2))):
        assert other.turned_back(np.array(rows), ROWS).tolist() == rows
    square = np.arange(4).reshape(1, 2, 2)
    either = ModelInput("x", (2, 2), turned=True)
    assert either.turned_back(square, TensorType.parse("f32[N,2,2]")) is square


@pytest.mark.parametrize(
    ("given", "type", "fault"),
    [
        (TOKENS, "f32[N,3,2]", None),
        (TOKENS, "f32[N,4,2]", "f32[N,4,2] is not one-hot rows of (3,) tokens"),
        (TOKENS, "f32[N,3]", "f32[N,3] is not one-hot rows of (3,) tokens"),
        (replace(TOKENS, shape=(3, 1)), "f32[N,3,2]", "f32[N,3,2] is not one-hot rows of (3, 1)"),
        (TURNED, "f32[N,3,2]", None),
        (TURNED, "f32[N,6]", "f32[N,6] has no channels to come first"),
        (TURNED, "f32[N,1,3,2]", "f32[N,1,3,2] has no channels to come first"),
        (TURNED, "f32[N,3,3]", "f32[N,3,3] has not the elements of (2, 3)"),
        (PLANE, "f32[N,3,2]", None),
        (PLANE, "f32[N,6]", None),
        (PLANE, "f32[N,3,3]", "f32[N,3,3] has not the elements of (1, 3, 2)"),
    ],
)
def test_whether_it_fits_a_type(given: ModelInput, type: str, fault: str | None) -> None:
    found = given.fault(TensorType.parse(type))
    assert found is None if fault is None else found is not None and found.startswith(fault)


@pytest.mark.parametrize(
    ("shape", "turned", "after"),
    [
        ((1, 3, 2), False, (1, 9, 2)),
        ((3, 3), False, (9, 3)),
        ((3, 3), True, (3, 9)),
        ((2, 4), False, (2, 4)),
    ],
)
def test_another_length(shape: tuple[int, ...], turned: bool, after: tuple[int, ...]) -> None:
    given = ModelInput("x", shape, turned=turned)
    assert given.with_length(3, 9) == replace(given, shape=after)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": 3},
        {"shape": (0, 2)},
        {"shape": (True, 2)},
        {"shape": ("3", 2)},
        {"tokens": 1},
        {"turned": None},
        {"layer": 0},
    ],
)
def test_fields_of_other_types(wrong: dict[str, Any]) -> None:
    assert PLANE.typed
    assert not replace(PLANE, **wrong).typed
