"""The registry of small models, and weights that leave no layer idle."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps

import keras
import numpy as np

Builder = Callable[[], keras.Model]


@dataclass(frozen=True)
class Entry:
    """A small model: ``build`` returns it anew, with the same weights every time.

    length: positions to lower it at, for a model built for any length.
    opaque: the keys of the layers fastism is expected to keep opaque, and no others.
    windowed: the keys of those it runs live on windows, as they are registered.
    computes_in: the coarsest element type that any of its layers computes in.
    """

    name: str
    build: Builder
    length: int | None = None
    opaque: frozenset[str] = frozenset()
    windowed: frozenset[str] = frozenset()
    computes_in: str = "float32"


ENTRIES: dict[str, Entry] = {}
ZOO: dict[str, Builder] = {}


def small_model(
    *,
    length: int | None = None,
    opaque: Iterable[str] = (),
    windowed: Iterable[str] = (),
    computes_in: str = "float32",
) -> Callable[[Builder], Builder]:
    """Register a builder under its function's name; see :class:`Entry`."""

    def register(builder: Builder) -> Builder:
        name = builder.__name__

        @wraps(builder)
        def build() -> keras.Model:
            # Layer names count from the start in every model. Memory is left to the collector: to
            # free it here walks all that TensorFlow holds, a third of a second each time.
            keras.utils.clear_session(free_memory=False)
            model = builder()
            randomize(model, seed=zlib.crc32(name.encode()))
            return model

        ENTRIES[name] = Entry(
            name, build, length, frozenset(opaque), frozenset(windowed), computes_in
        )
        ZOO[name] = build
        return build

    return register


def randomize(model: keras.Model, seed: int) -> None:
    """Give every weight a value of its own: no zero bias, no unit scale, no unit variance."""
    random = np.random.default_rng(seed)
    for variable in model.variables:
        shape = tuple(variable.shape)
        if not keras.backend.is_float_dtype(variable.dtype):
            continue
        if variable.name in ("gamma", "moving_variance"):
            value = random.uniform(0.5, 1.5, shape)
        elif variable.name == "alpha":
            value = random.uniform(0.05, 0.5, shape)
        elif len(shape) < 2:
            value = random.normal(0.0, 0.5, shape)
        else:
            value = random.normal(0.0, 1.0, shape) / np.sqrt(np.prod(shape[:-1]))
        variable.assign(value)
