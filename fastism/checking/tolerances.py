"""How near to the model's own numbers a plan must come: the rounding of the model's own type."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.frontends.registry import front_end_of

Array = npt.NDArray[Any]

TOLERANCES = {"bfloat16": 5e-2, "float16": 5e-3, "float32": 1e-5, "float64": 1e-7}
"""The largest difference, as a share of the output's scale, by the type a model computes in.

Half precision is computed in f32: what is left is the rounding of the model itself, at every layer.
In float64 some functions of Keras hold their constants in float32 (gelu), and ours do not.
"""

SMALLEST_SCALE = 1e-6
"""An output whose largest magnitude is below this is compared as if it were this large."""


def tolerance_of(model: Any) -> float:
    """The tolerance for a model: that of the coarsest type anything in it computes in."""
    types = front_end_of(model).dtypes(model) & set(TOLERANCES)
    return max((TOLERANCES[name] for name in types), default=TOLERANCES["float32"])


def scale_of(expected: Array) -> float:
    """The largest finite magnitude of an output, and no less than `SMALLEST_SCALE`."""
    finite = np.abs(expected[np.isfinite(expected)].astype(np.float64))
    return max(float(finite.max(initial=0.0)), SMALLEST_SCALE)


def differences(found: Array, expected: Array, scale: float | None = None) -> Array:
    """|found - expected| as a share of a scale, that of ``expected`` if none is given.

    Zero where both are the same infinity or both NaN; infinite where only one is.
    """
    found, expected = found.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.abs(found - expected) / (scale_of(expected) if scale is None else scale)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return np.asarray(np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart)))
