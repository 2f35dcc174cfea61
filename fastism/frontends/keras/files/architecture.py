"""The model that weights alone are for, built by the user's function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import keras
from keras.src.backend.common import global_state

from fastism.errors import ModelError
from fastism.frontends.keras.said import first_line

_COUNTS = "object_name_uids"


@contextmanager
def counting_anew() -> Iterator[None]:
    """A context in which automatic names (``conv1d_3``) do not depend on what was built before."""
    before = global_state.get_global_attribute(_COUNTS)
    global_state.set_global_attribute(_COUNTS, defaultdict(int))
    try:
        yield
    finally:
        counts = global_state.get_global_attribute(_COUNTS) or {}
        merged = defaultdict(int, before or {})
        for name, count in counts.items():
            merged[name] = max(merged[name], count)
        global_state.set_global_attribute(_COUNTS, merged)


def built(architecture: Callable[[], keras.Model]) -> keras.Model:
    """The model that a function returns. Raises ModelError if it fails or returns none."""
    name = getattr(architecture, "__name__", "architecture")
    try:
        model = architecture()
    except Exception as error:  # the user's function may raise anything
        raise ModelError(
            f"{name}() failed, which was to build the model",
            why=f"{type(error).__name__}: {first_line(str(error))}",
            attempt="a function of no arguments that returns the built model",
        ) from error
    if not isinstance(model, keras.Model):
        raise ModelError(
            f"{name}() returned no model",
            why=f"it returned a {type(model).__module__}.{type(model).__name__}",
            attempt="a function of no arguments that returns a keras.Model of Keras 3",
        )
    return model
