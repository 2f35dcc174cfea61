"""Scores held against the model's own, within tolerances that the tests state themselves.

They are not taken from the code, so that one loosened there is seen here.
"""

from __future__ import annotations

from typing import Any

import keras

from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores
from fastism.testing import compare

TOLERANCES = {"float32": 1e-5, "float64": 1e-7, "float16": 5e-3, "bfloat16": 5e-2}
"""The largest difference, as a share of an output's scale, by the type a model computes in."""


def assert_matches_model(
    plan: Plan,
    model: keras.Model,
    x: Any,
    tolerance: float = TOLERANCES["float32"],
    **options: Any,
) -> None:
    """See `fastism.testing.compare.assert_matches_model`."""
    compare.assert_matches_model(plan, model, x, tolerance, **options)


def assert_same_scores(
    plan: Plan, found: Scores, expected: Scores, tolerance: float = TOLERANCES["float32"]
) -> None:
    """See `fastism.testing.compare.assert_same_scores`."""
    compare.assert_same_scores(plan, found, expected, tolerance)
