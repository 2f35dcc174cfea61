"""Numbers that cannot be compared: those that the model itself makes NaN or infinite."""

from __future__ import annotations

import warnings

from fastism.errors import FastismWarning, MismatchError
from fastism.runtime.finite import not_finite
from fastism.runtime.plan import Plan


def nothing_to_compare(plan: Plan, what: str, why: str | None = None) -> MismatchError:
    """The error that a plan cannot be checked; why: if None, its weights, or what it computes."""
    return MismatchError(
        what,
        where=f"model {plan.module.model!r}",
        why=why or _why(plan),
        attempt="look at the weights; NaN agrees with nothing, not with NaN either",
    )


def say_what_was_not_compared(plan: Plan, lost: int, items: int) -> None:
    """Warn of items whose own output is not finite. Raises MismatchError if that is all of them."""
    if lost == items:
        raise nothing_to_compare(
            plan,
            "the plan cannot be held against the model: the model's own output is not finite for "
            f"any of {items:,} items",
        )
    if lost:
        warnings.warn(
            f"{lost:,} of {items:,} items were not checked: the model's own output is not finite "
            f"for them ({_why(plan)})",
            FastismWarning,
            stacklevel=4,
        )


def _why(plan: Plan) -> str:
    weights = not_finite(plan.stages[0], plan.opaque)
    return weights[0] if weights else "a function in it overflows, or divides by zero, on them"
