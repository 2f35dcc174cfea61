"""Hold scores against the model's own, and say exactly where they part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.checking.model import model_scores
from fastism.checking.tolerances import differences, tolerance_of
from fastism.runtime.plan import Plan
from fastism.runtime.scores import Scores

if TYPE_CHECKING:
    import keras

Array = npt.NDArray[Any]


def assert_matches_model(
    plan: Plan,
    model: keras.Model,
    x: Any,
    tolerance: float | None = None,
    *,
    batch: int = 256,
    alternatives: Any = None,
) -> None:
    """Raise AssertionError unless the plan's scores of ``x`` are the model's, for every output.

    x, alternatives: as for `Plan.__call__`. tolerance: the largest difference allowed, as a share
    of the output's largest magnitude; if None, that of the model's element type. batch: mutants
    the model is called with at a time.

    The message names the output, sequence, site and alternative of the worst item, and both values.
    """
    tolerance = tolerance_of(model) if tolerance is None else tolerance
    found = plan(x, alternatives=alternatives)
    assert_same_scores(plan, found, model_scores(plan, model, x, batch, alternatives), tolerance)


def assert_same_scores(
    plan: Plan, found: Scores, expected: Scores, tolerance: float = 1e-5
) -> None:
    """Raise AssertionError, naming the worst item, unless two scores of a plan are alike."""
    assert tuple(found) == tuple(expected), f"outputs {tuple(found)}, not {tuple(expected)}"
    faults = []
    for name in expected:
        for form in ("reference", "alternate"):
            given, wanted = getattr(found[name], form), getattr(expected[name], form)
            fault = _fault(plan, given, wanted, form, tolerance)
            if fault:
                faults.append(f"output {name!r}, {form}: {fault}")
    assert not faults, "the scores differ:\n" + "\n".join(faults)


def _fault(plan: Plan, found: Array, expected: Array, form: str, tolerance: float) -> str | None:
    """What is wrong with one array of scores, or None."""
    if found.shape != expected.shape:
        return f"the shape is {found.shape}, not {expected.shape}"
    apart = differences(found, expected)
    if not np.any(apart > tolerance):
        return None
    at = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), apart.shape))
    leading = 1 if form == "reference" else 3
    wrong = np.any((apart > tolerance).reshape(*apart.shape[:leading], -1), axis=-1)
    return (
        f"off by {apart[at]:.1e} of its scale, where {tolerance:g} is allowed\n"
        f"  at {_item(plan, at[:leading])}, element {at[leading:]}: "
        f"{found[at]!r}, not {expected[at]!r}\n"
        f"  {int(wrong.sum())} of {wrong.size} {'items' if leading == 3 else 'sequences'} differ"
    )


def _item(plan: Plan, index: tuple[int, ...]) -> str:
    if len(index) == 1:
        return f"sequence {index[0]}"
    start = int(plan.executor.starts[index[1]])
    site = f"site {index[1]} [{start}, {start + plan.executor.width})"
    return f"sequence {index[0]}, {site}, alternative {index[2]}"
