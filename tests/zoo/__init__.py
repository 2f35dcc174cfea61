"""Small models of every shape the compiler must handle, as builders in ``ZOO``."""

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
    registered,
    strands,
    structures,
    tokens,
    uncommon,
    windows,
)
from tests.zoo.registry import ENTRIES, ZOO, Entry

__all__ = ["ENTRIES", "ZOO", "Entry"]
