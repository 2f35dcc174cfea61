"""Native forms of functions, number by number: as near where numbers are tiny, large or odd."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.backends import native, reference
from fastism.ir.graph import Attribute
from fastism.testing.conformance import Sample

FAR = np.linspace(-1e9, 1e9, 41)
SMALL = np.array([1e-7, -1e-7, 3e-6, -2e-5, 1e-30])
WIDE = 10.0 ** np.linspace(-12, 12, 25)
EDGES = np.array([0.0, 1.0, -1.0, -2.0, np.inf, np.nan])


@pytest.mark.parametrize(
    ("op", "numbers", "attributes"),
    [
        ("sin", FAR, {}),
        ("cos", FAR, {}),
        ("sin", SMALL, {}),
        ("log1p", np.concatenate([SMALL, WIDE, EDGES]), {}),
        ("celu", np.concatenate([SMALL, -WIDE, EDGES]), {"alpha": 3.0}),
        ("power", np.concatenate([-WIDE, WIDE, EDGES]), {"exponent": 3.0}),
        ("power", np.concatenate([-WIDE, WIDE, EDGES]), {"exponent": -2.0}),
        ("power", np.concatenate([WIDE, EDGES]), {"exponent": 2.5}),
        ("power", np.concatenate([WIDE, EDGES]), {"exponent": -1.7}),
    ],
)
def test_numbers(op: str, numbers: np.ndarray, attributes: dict[str, Attribute]) -> None:
    given = numbers.astype(np.float32).reshape(1, -1, 1)
    module = Sample(op, (given,), attributes).module()
    with np.errstate(all="ignore"):
        (expected,) = reference.run(module, "main", {"in0": given}, dtype="float64").values()
        expected = np.where(np.abs(expected) > 1e38, np.sign(expected) * np.inf, expected)
    (found,) = native.emit(module, {})["main"]({"in0": given}).values()
    far = np.abs(expected) > 1e-37  # below, f32 has fewer digits
    np.testing.assert_allclose(np.asarray(found)[far], expected[far], rtol=3e-6)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
