"""The table of TensorFlow operations that are read, and what a reader is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fastism.frontends.keras.calls.call import refuse

Value: TypeAlias = Any
"""A symbolic tensor of Keras, or a numpy array where the value is known beforehand."""

Reader: TypeAlias = Callable[["Operation", list[Value]], Value]
"""(operation, its inputs) to its result, or the list of them, by way of ``keras.ops``."""

_READERS: dict[str, Reader] = {}


class Operation:
    """One operation of a TensorFlow graph: its type, and what it says of itself."""

    def __init__(self, node: Any) -> None:
        self.type = str(node.type)
        self.node = node

    def __getitem__(self, attribute: str) -> Any:
        value = self.node.get_attr(attribute)
        return value.decode() if isinstance(value, bytes) else value

    def require(self, **expected: object) -> None:
        """Raise NotExpressible unless these attributes have these values."""
        for name, value in expected.items():
            if self[name] != value:
                refuse(f"its {name} is {self[name]!r}")


def reads(*types: str) -> Callable[[Reader], Reader]:
    """Register the decorated function as the reader of some types of operations."""

    def register(reader: Reader) -> Reader:
        _READERS.update(dict.fromkeys(types, reader))
        return reader

    return register


def reader(type: str) -> Reader | None:
    """The reader of a type of operation, if there is one."""
    return _READERS.get(type)


def names() -> tuple[str, ...]:
    """The types of operations that are read, sorted."""
    return tuple(sorted(_READERS))


def readers() -> dict[Reader, list[str]]:
    """Every reader, and the types of operations that it reads; in the order of registration."""
    found: dict[Reader, list[str]] = {}
    for name, each in _READERS.items():
        found.setdefault(each, []).append(name)
    return found


def is_known(value: Value) -> bool:
    """Whether a value is known beforehand, the same for every sequence."""
    return isinstance(value, np.ndarray)


def known(value: Value, what: str) -> np.ndarray:
    """A value that must be known beforehand. Raises NotExpressible, saying what it is, if not."""
    if not is_known(value):
        refuse(f"its {what} depends on the sequence")
    array: np.ndarray = value
    return array


def integers(value: Value, what: str) -> list[int]:
    """A known value as whole numbers."""
    return [int(number) for number in known(value, what).reshape(-1)]


def extents(value: Value) -> list[int | None]:
    """The shape of a value; None where it is not known."""
    return list(value.shape)
