"""Tensor types: an element type and a shape whose batch axis is a name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np

Dimension: TypeAlias = int | str
"""A fixed extent, or a batch axis by name.

``N`` counts sequences, ``P`` (sequence, site) pairs of a chunk, ``M`` items of a chunk: the pairs
times their alternatives, alternatives fastest.
"""

NUMPY_DTYPES: dict[str, str] = {
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
    "bool": "bool",
}
"""Short element type names of the IR, and the names numpy and Keras use."""

SHORT_DTYPES: dict[str, str] = {long: short for short, long in NUMPY_DTYPES.items()}

_TYPE = re.compile(r"^(\w+)\[([^\]]*)\]$")


@dataclass(frozen=True)
class TensorType:
    """An element type (``f32``) and a shape, printed ``f32[N,600,4]``."""

    dtype: str
    shape: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        if self.dtype not in NUMPY_DTYPES:
            raise ValueError(
                f"unknown element type {self.dtype!r}; known: {', '.join(NUMPY_DTYPES)}"
            )

    @property
    def rank(self) -> int:
        """Number of axes, the batch axis included."""
        return len(self.shape)

    @property
    def length(self) -> int:
        """Positions along the sequence axis (axis 1); 1 for a value without one."""
        return int(self.shape[1]) if self.rank >= 3 else 1

    @property
    def channels(self) -> int:
        """Extent of the last axis."""
        return int(self.shape[-1])

    @property
    def elements(self) -> int:
        """Elements a batch entry: the product of the fixed extents."""
        return int(np.prod([dim for dim in self.shape if isinstance(dim, int)], dtype=np.int64))

    @property
    def bytes(self) -> int:
        """Bytes a batch entry."""
        width = 2 if self.dtype == "bf16" else np.dtype(NUMPY_DTYPES[self.dtype]).itemsize
        return self.elements * width

    def with_shape(self, *shape: Dimension) -> TensorType:
        """The same element type with another shape."""
        return TensorType(self.dtype, shape)

    def with_batch(self, batch: Dimension) -> TensorType:
        """The same type with another batch axis."""
        return TensorType(self.dtype, (batch, *self.shape[1:]))

    def with_length(self, length: int) -> TensorType:
        """The same type with another extent along the sequence axis."""
        return TensorType(self.dtype, (self.shape[0], length, *self.shape[2:]))

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(map(str, self.shape))}]"

    @staticmethod
    @cache  # the values of a module are of few types
    def parse(text: str) -> TensorType:
        """Read what ``str`` wrote. Raises ValueError for anything else."""
        match = _TYPE.match(text.strip())
        if match is None:
            raise ValueError(f"not a tensor type: {text!r}")
        dims = [part.strip() for part in match[2].split(",") if part.strip()]
        for dim in dims:
            if not dim.isdecimal() and not dim.isidentifier():
                raise ValueError(f"{dim!r} is no extent")
        return TensorType(match[1], tuple(int(dim) if dim.isdecimal() else dim for dim in dims))

    @classmethod
    def of(cls, array: np.ndarray) -> TensorType:
        """The type of a numpy array."""
        return cls(SHORT_DTYPES[str(array.dtype)], tuple(array.shape))
