"""Small models of every shape the compiler must handle, as builders in ``ZOO``."""

from tests.zoo import (  # noqa: F401  (imported to register)
    branches,
    chains,
    heads,
    nested,
    opaque,
    pointwise,
    published,
    windows,
)
from tests.zoo.registry import ENTRIES, ZOO, Entry

__all__ = ["ENTRIES", "ZOO", "Entry"]
