"""A variant as the files of scores hold it, and which numbers they hold of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.regions import Region
from fastism.io.variants.variant import Variant

Array = npt.NDArray[Any]

KINDS = ("ref", "alt", "delta")
"""The prediction without the variant, with it, and what it adds."""
DEVIATION = "std"
"""Of several plans, the standard deviation of what it adds."""

MOST = 4096
"""Numbers of a model's outputs that a file of variants may hold of each."""


@dataclass(frozen=True, eq=False)
class Scored:
    """A variant in a window.

    values: (numbers, kinds), the `kinds` of each number of the outputs; None where ``flag`` says
    why not.
    """

    variant: Variant
    window: Region
    flag: str
    values: Array | None = None


def kinds(*, deviations: bool) -> tuple[str, ...]:
    """What a file of variants holds of each number."""
    return (*KINDS, DEVIATION) if deviations else KINDS


def columns(outputs: Mapping[str, tuple[int, ...]], *, deviations: bool = False) -> list[str]:
    """The names of all numbers of outputs of these shapes: ``ref:y``, ``alt:y``, ``delta:y``.

    deviations: whether these are means of several plans', with ``std:y``. A number of an output of
    several is named by its index, ``ref:y.3`` or ``ref:y.500.0``. Raises InputError where there are
    too many.
    """
    labels = [
        ".".join([name, *map(str, index if shape != (1,) else ())])
        for name, shape in outputs.items()
        for index in product(*map(range, shape))
    ]
    if len(labels) > MOST:
        raise InputError(
            f"the model gives {len(labels):,} numbers a sequence, and a file of variants holds at "
            f"most {MOST:,} of each",
            attempt="compile with --reduce or --target; in Python plan.variants(...)",
        )
    return [f"{kind}:{label}" for label in labels for kind in kinds(deviations=deviations)]
