"""Small models of every shape the compiler must handle, as builders in ``ZOO``."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.zoo import (  # noqa: F401  (imported to register)
    alphabets,
    branches,
    chains,
    functions,
    heads,
    masks,
    nested,
    opaque,
    planes,
    pointwise,
    policies,
    published,
    published_scores,
    published_strands,
    published_tracks,
    registered,
    strands,
    structures,
    tokens,
    uncommon,
    windows,
)
from tests.zoo.registry import ENTRIES, ZOO, Entry


def by_model(names: Iterable[str]) -> list[Any]:
    """Names of models, as parameters: the tests of one model run in one process, and share it."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]


EVERY = by_model(ENTRIES)
"""The names of all models, as parameters."""

__all__ = ["ENTRIES", "EVERY", "ZOO", "Entry", "by_model"]
