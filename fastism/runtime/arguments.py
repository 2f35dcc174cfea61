"""Arguments held against what they must be, before anything is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError


def require_count(name: str, given: Any, *, optional: bool = False) -> None:
    """Raise InputError unless an argument is a whole number above zero (or None, if optional)."""
    if optional and given is None:
        return
    whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
    if not whole or given < 1:
        raise InputError(f"{name} must be a whole number above zero, not {given!r}")


def names_of(name: str, given: Any) -> tuple[str, ...]:
    """An argument that is a name or several. Raises InputError where it is neither."""
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(each, str) for each in names):
        raise InputError(f"{name} must be a name or a list of names, not {given!r}")
    return tuple(names)


def array_of(given: Any) -> npt.NDArray[Any]:
    """Whatever was given as an array; lists of different lengths as an empty one of objects."""
    try:
        return np.asarray(given)
    except ValueError:
        return np.empty(0, object)
