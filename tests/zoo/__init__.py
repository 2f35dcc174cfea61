"""Small models of every shape the compiler must handle, as builders in ``ZOO``."""

from tests.zoo import chains, windows  # noqa: F401  (imported to register)
from tests.zoo.registry import ENTRIES, ZOO, Entry

__all__ = ["ENTRIES", "ZOO", "Entry"]
